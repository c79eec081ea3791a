// Text that must never be shown.
#pragma once

#include <string>
#include <utility>

namespace lakeward {

// Holds a password or key. Only expose() gives the text; nothing prints it by accident.
class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string text) : text_(std::move(text)) {}
  const std::string& expose() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const SecretString&) const = default;

 private:
  std::string text_;
};

// What stands in a log or plan in a secret's place.
inline constexpr const char* kSecretMask = "******";

}  // namespace lakeward
