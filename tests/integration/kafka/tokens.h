// Tokens for the broker's OAUTH listener.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "format/base64.h"

namespace lakeward::test {

// An unsigned JWT (RFC 7515, appendix A.5) that the broker's OAUTH listener takes.
inline std::string make_token(const std::string& subject, int lifetime_s = 3'600) {
  using std::chrono::system_clock;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch())
          .count();
  const auto part = [](const std::string& json) {
    std::string text = format::encode_base64(json);
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
  };
  return part(R"({"alg":"none"})") + "." +
         part("{\"sub\":\"" + subject + "\",\"iat\":" + std::to_string(now) +
              ",\"exp\":" + std::to_string(now + lifetime_s) + "}") +
         ".";
}

}  // namespace lakeward::test
