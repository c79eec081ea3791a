#include "checkpoint/log_file.h"

#include <charconv>

namespace lakeward::checkpoint {

std::optional<int64_t> parse_number(std::string_view name) {
  if (name.empty() || name.size() > 18 || (name.size() > 1 && name[0] == '0')) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 0) return std::nullopt;
  return number;
}

std::string_view file_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<std::vector<std::string>> parse_log_file(std::string_view path, std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    lines.emplace_back(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
  const std::string place = "checkpoint file " + std::string(path);
  if (lines.empty()) return corruption(place + " is empty");
  if (lines[0] != "v1") {
    if (lines[0].size() < 8 && lines[0].starts_with("v") && parse_number(lines[0].substr(1))) {
      return unsupported(place + " has the version " + lines[0] + "; only v1 can be read");
    }
    return corruption(place + " does not begin with the version line v1");
  }
  lines.erase(lines.begin());
  return lines;
}

std::string format_log_file(const std::vector<std::string>& lines) {
  std::string bytes = "v1";
  for (const std::string& line : lines) bytes += "\n" + line;
  return bytes;
}

}  // namespace lakeward::checkpoint
