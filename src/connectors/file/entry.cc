#include "connectors/file/entry.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "stream/utf8.h"

namespace lakeward::connectors::file {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

// What java.net.URI's path constructor quotes, besides control characters.
bool needs_quoting(unsigned char c) {
  return c <= 0x20 || c == 0x7f ||
         std::string_view("\"#%<>?[\\]^`{|}").find(static_cast<char>(c)) != std::string_view::npos;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads text that must stand at the beginning of what is left.
class ExactReader {
 public:
  explicit ExactReader(std::string_view text) : rest_(text) {}

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  // As far as the next quote. A text with escapes is not taken.
  bool take_text(std::string_view& text) {
    const size_t end = rest_.find_first_of("\"\\");
    if (end == std::string_view::npos || rest_[end] == '\\') return false;
    text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }
  template <typename Number>
  bool take_number(Number& number) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// An entry just as to_json() and Spark write it: a log of many files is read at every start.
std::optional<Entry> parse_usual(std::string_view line) {
  ExactReader reader(line);
  std::string_view uri;
  Entry entry{};
  if (!reader.take("{\"path\":\"") || !reader.take_text(uri) || !reader.take("\",\"timestamp\":") ||
      !reader.take_number(entry.timestamp_ms) || !reader.take(",\"batchId\":") ||
      !reader.take_number(entry.batch)) {
    return std::nullopt;
  }
  if (reader.take(",\"size\":") && !reader.take_number(entry.size.emplace())) return std::nullopt;
  if (reader.take(",\"from\":") && (!reader.take_number(entry.from) || !reader.take(",\"to\":") ||
                                    !reader.take_number(entry.to.emplace()))) {
    return std::nullopt;
  }
  if (!reader.take("}") || !reader.at_end()) return std::nullopt;
  Result<std::string> path = from_uri(uri);
  if (!path.ok()) return std::nullopt;
  entry.path = std::move(path).value();
  return entry;
}

std::string json_text(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string to_uri(std::string_view path) {
  const bool is_text = stream::is_utf8(path);
  std::string uri = "file://";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (needs_quoting(byte) || (byte >= 0x80 && !is_text)) {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      uri += c;
    }
  }
  return uri;
}

Result<std::string> from_uri(std::string_view uri) {
  std::string_view rest = uri;
  if (rest.starts_with("file:")) rest.remove_prefix(5);
  if (rest.starts_with("///")) rest.remove_prefix(2);
  if (!rest.starts_with("/") || rest.starts_with("//")) {
    return corruption("'" + std::string(uri) + "' is not the URI of a local file");
  }
  std::string path;
  for (size_t i = 0; i < rest.size(); ++i) {
    const int high = rest[i] == '%' && i + 2 < rest.size() ? hex_value(rest[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(rest[i + 2]) : -1;
    if (low >= 0) {
      path += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      path += rest[i];
    }
  }
  return path;
}

std::string Entry::to_json() const {
  std::string text = "{\"path\":" + json_text(to_uri(path)) +
                     ",\"timestamp\":" + std::to_string(timestamp_ms) +
                     ",\"batchId\":" + std::to_string(batch);
  if (size) text += ",\"size\":" + std::to_string(*size);
  if (to) text += ",\"from\":" + std::to_string(from) + ",\"to\":" + std::to_string(*to);
  return text + "}";
}

Result<Entry> Entry::parse(std::string_view line) {
  if (std::optional<Entry> usual = parse_usual(line)) return *std::move(usual);
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  const auto number = [&](const char* key) -> std::optional<int64_t> {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<int64_t>();
  };
  if (!json.is_object() || !json.contains("path") || !json["path"].is_string() ||
      !number("timestamp") || !number("batchId")) {
    return corruption("the checkpoint's source log holds '" + std::string(line.substr(0, 200)) +
                      "', which is not a file source's entry; the checkpoint belongs to another "
                      "source: put that back, or remove the checkpoint to begin anew");
  }
  Entry entry;
  ASSIGN_OR_RETURN(entry.path, from_uri(json["path"].get<std::string>()));
  entry.timestamp_ms = *number("timestamp");
  entry.batch = *number("batchId");
  entry.size = number("size");
  entry.from = static_cast<uint64_t>(number("from").value_or(0));
  entry.to = number("to");
  return entry;
}

Result<std::vector<std::string>> fold_parts(std::vector<std::string> lines, int64_t last_batch) {
  std::vector<std::string> folded;
  std::optional<Entry> open;  // folded.back(), if it is a part
  for (std::string& line : lines) {
    // Most logs are of whole files: their lines are not looked at closer.
    if (line.find(",\"to\":") == std::string::npos) {
      open.reset();
      folded.push_back(std::move(line));
      continue;
    }
    ASSIGN_OR_RETURN(Entry part, Entry::parse(line));
    const bool follows = open && open->path == part.path && open->to == part.from &&
                         open->size == part.size && open->timestamp_ms == part.timestamp_ms;
    if (follows && part.batch <= last_batch) {
      part.from = open->from;
      if (part.from == 0 && part.final()) part.to.reset();
      folded.back() = part.to_json();
    } else {
      folded.push_back(std::move(line));
    }
    open = part.to ? std::optional(std::move(part)) : std::nullopt;
  }
  return folded;
}

std::string make_offset(int64_t batch) { return "{\"logOffset\":" + std::to_string(batch) + "}"; }

Result<int64_t> parse_offset(std::string_view offset) {
  const nlohmann::json json = nlohmann::json::parse(offset, nullptr, false);
  if (!json.is_object() || !json.contains("logOffset") || !json["logOffset"].is_number_integer()) {
    return corruption("the checkpoint's offset '" + std::string(offset.substr(0, 200)) +
                      "' is not a file source's; the checkpoint belongs to another source: put "
                      "that back, or remove the checkpoint to begin anew");
  }
  return json["logOffset"].get<int64_t>();
}

}  // namespace lakeward::connectors::file
