#include "project/variables.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/secret.h"
#include "base/suggest.h"

namespace lakeward::project {
namespace {

bool is_name(std::string_view name) {
  if (name.empty() || name.front() == '.') return false;
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!allowed) return false;
  }
  return true;
}

std::optional<std::string> look_up(const std::map<std::string, std::string>& map,
                                   const std::string& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

// The length of "word:" at the front of what follows "${"; 0 if it is no reference but a text that
// happens to hold "${".
size_t kind_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && ((text[length] >= 'a' && text[length] <= 'z') ||
                                  (text[length] >= 'A' && text[length] <= 'Z'))) {
    ++length;
  }
  return length > 0 && length < text.size() && text[length] == ':' ? length : 0;
}

Result<std::string> resolve_one(const Variables& variables, const std::string& kind,
                                const std::string& content) {
  if (kind == "secret") {
    ASSIGN_OR_RETURN(std::string secret, read_secret(variables, content));
    hide_secret(secret);
    return secret;
  }
  if (kind != "env") {
    static const std::vector<std::string> kKinds = {"env", "secret"};
    return invalid_argument(
        fmt::format("unknown reference '${{{}:{}}}'{}", kind, content, suggestion(kind, kKinds)));
  }
  const size_t separator = content.find(":-");
  const std::string name = content.substr(0, separator);
  if (!is_name(name)) {
    return invalid_argument(fmt::format("'{}' is no name of an environment variable", name));
  }
  const auto value = variables.environment(name);
  // As in a shell, ":-" stands in for an empty variable too.
  if (separator != std::string::npos) {
    return value && !value->empty() ? *value : content.substr(separator + 2);
  }
  if (!value) {
    return not_found(fmt::format(
        "the environment variable '{0}' is not set; set it, or give a default: ${{env:{0}:-…}}",
        name));
  }
  return *value;
}

}  // namespace

std::optional<std::string> SystemVariables::environment(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<std::optional<std::string>> SystemVariables::file(const std::string& path) const {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<std::string>();
  std::ifstream stream(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.good() && !stream.eof()) return errno_status(errno, "read", path);
  return std::optional<std::string>(std::move(content));
}

std::optional<std::string> FixedVariables::environment(const std::string& name) const {
  return look_up(environment_, name);
}

Result<std::optional<std::string>> FixedVariables::file(const std::string& path) const {
  return look_up(files_, path);
}

Result<std::string> read_secret(const Variables& variables, const std::string& name) {
  if (!is_name(name)) return invalid_argument(fmt::format("'{}' is no name of a secret", name));
  if (auto value = variables.environment(name)) return *std::move(value);
  const auto folder = variables.environment("LAKEWARD_SECRETS_DIR");
  if (!folder || folder->empty()) {
    return not_found(fmt::format(
        "the secret '{0}' is not set; set the environment variable {0}, or LAKEWARD_SECRETS_DIR to "
        "a folder with a file {0}",
        name));
  }
  const std::string path = *folder + "/" + name;
  ASSIGN_OR_RETURN(std::optional<std::string> content, variables.file(path));
  if (!content) {
    return not_found(
        fmt::format("the secret '{0}' is not set; set the environment variable {0}, or write the "
                    "file {1}",
                    name, path));
  }
  while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
  return *std::move(content);
}

Result<Resolved> resolve_references(const Variables& variables, const std::string& text) {
  Resolved resolved;
  size_t position = 0;
  while (true) {
    const size_t begin = text.find("${", position);
    resolved.text += text.substr(position, begin - position);
    if (begin == std::string::npos) return resolved;
    const std::string_view rest = std::string_view(text).substr(begin + 2);
    const size_t length = kind_length(rest);
    if (length == 0) {
      resolved.text += "${";
      position = begin + 2;
      continue;
    }
    const size_t end = rest.find('}');
    if (end == std::string_view::npos) {
      return invalid_argument(fmt::format("'{}' has no closing '}}'", text.substr(begin, 40)));
    }
    const std::string kind(rest.substr(0, length));
    ASSIGN_OR_RETURN(
        const std::string value,
        resolve_one(variables, kind, std::string(rest.substr(length + 1, end - length - 1))));
    resolved.secret = resolved.secret || kind == "secret";
    resolved.is_one_reference = begin == 0 && end + 3 == text.size();
    resolved.text += value;
    position = begin + 2 + end + 1;
  }
}

}  // namespace lakeward::project
