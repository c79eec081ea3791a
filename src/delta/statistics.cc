// The statistics of written files.
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "delta/values.h"

namespace lakeward::delta {
namespace {

// Characters of a string in a bound, as in Spark.
constexpr size_t kBoundCharacters = 32;

// The place after the first `count` characters of a UTF-8 text.
size_t prefix_end(std::string_view text, size_t count) {
  size_t place = 0;
  while (place < text.size()) {
    const bool starts_character = (static_cast<unsigned char>(text[place]) & 0xC0) != 0x80;
    if (starts_character && count-- == 0) break;
    ++place;
  }
  return place;
}

char32_t decode_last(std::string_view text, size_t start) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[start + i]); };
  const size_t length = text.size() - start;
  if (length == 1) return byte(0);
  if (length == 2) return ((byte(0) & 0x1Fu) << 6) | (byte(1) & 0x3Fu);
  if (length == 3) {
    return ((byte(0) & 0x0Fu) << 12) | ((byte(1) & 0x3Fu) << 6) | (byte(2) & 0x3Fu);
  }
  return ((byte(0) & 0x07u) << 18) | ((byte(1) & 0x3Fu) << 12) | ((byte(2) & 0x3Fu) << 6) |
         (byte(3) & 0x3Fu);
}

void append_utf8(char32_t c, std::string& text) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A number's text if JSON has it: not infinity, not NaN.
std::optional<std::string> finite_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  if (!nlohmann::json::accept(text)) return std::nullopt;
  return text;
}

// A bound as JSON, or nullopt if there is none that is exact or safe.
std::optional<std::string> bound(const std::string& type, const std::string& text, bool is_max) {
  if (type == "string") {
    if (!is_max) return json_text(lower_bound_text(text));
    const auto raised = upper_bound_text(text);
    return raised ? std::optional(json_text(*raised)) : std::nullopt;
  }
  if (type == "date") {
    const auto instant = parse_instant(text);
    if (!instant || text.size() != 10) return std::nullopt;
    return json_text(text);
  }
  if (type == "timestamp" || type == "timestamp_ntz") {
    auto instant = parse_instant(text);
    if (!instant) return std::nullopt;
    // Milliseconds: the minimum rounded down, the maximum up.
    if (is_max) instant = Timestamp{instant->micros + 999};
    std::string iso = format_timestamp(Timestamp::from_millis(instant->millis()));
    if (iso.size() != 24) return std::nullopt;
    if (type == "timestamp_ntz") iso.pop_back();
    return json_text(iso);
  }
  if (type == "boolean" || type == "binary" || type == "void") return std::nullopt;
  return finite_number(text);
}

class StatisticsPrinter {
 public:
  StatisticsPrinter(const engine::WrittenFile& file, int indexed_columns)
      : file_(file), left_(indexed_columns < 0 ? INT32_MAX : indexed_columns) {}

  void visit(const std::vector<Field>& fields, const std::vector<std::string>& skipped) {
    for (const Field& field : fields) {
      bool is_skipped = false;
      for (const std::string& name : skipped) {
        is_skipped = is_skipped || lower_name(name) == lower_name(field.name);
      }
      if (is_skipped) continue;
      path_.push_back(field.name);
      if (field.type.kind == DataType::Kind::kStruct) {
        visit_struct(field);
      } else if (field.type.kind == DataType::Kind::kPrimitive && left_-- > 0) {
        visit_leaf(field);
      }
      path_.pop_back();
    }
  }

  std::string print() const {
    std::string json = "{\"numRecords\":" + std::to_string(file_.rows);
    json += ",\"minValues\":{" + min_ + "},\"maxValues\":{" + max_ + "},\"nullCount\":{" + nulls_;
    return json + "}}";
  }

 private:
  static void append(std::string& object, const std::string& name, const std::string& value) {
    object += (object.empty() ? "" : ",") + json_text(name) + ":" + value;
  }

  void visit_struct(const Field& field) {
    std::string min, max, nulls;
    std::swap(min, min_);
    std::swap(max, max_);
    std::swap(nulls, nulls_);
    visit(field.type.fields, {});
    std::swap(min, min_);
    std::swap(max, max_);
    std::swap(nulls, nulls_);
    if (!min.empty()) append(min_, field.name, "{" + min + "}");
    if (!max.empty()) append(max_, field.name, "{" + max + "}");
    if (!nulls.empty()) append(nulls_, field.name, "{" + nulls + "}");
  }

  void visit_leaf(const Field& field) {
    const auto found = file_.columns.find(path_);
    if (found == file_.columns.end()) return;
    const engine::ColumnStatistics& column = found->second;
    if (column.null_count) append(nulls_, field.name, std::to_string(*column.null_count));
    if (column.has_nan || !column.min || !column.max) return;
    if (column.null_count && *column.null_count >= file_.rows) return;
    const auto low = bound(field.type.primitive, *column.min, false);
    const auto high = bound(field.type.primitive, *column.max, true);
    if (low) append(min_, field.name, *low);
    if (high) append(max_, field.name, *high);
  }

  const engine::WrittenFile& file_;
  int left_;
  std::vector<std::string> path_;
  std::string min_, max_, nulls_;  // the members of the object at path_ without braces
};

}  // namespace

std::string lower_bound_text(std::string_view text) {
  return std::string(text.substr(0, prefix_end(text, kBoundCharacters)));
}

std::optional<std::string> upper_bound_text(std::string_view text) {
  const size_t end = prefix_end(text, kBoundCharacters);
  if (end == text.size()) return std::string(text);
  std::string prefix(text.substr(0, end));
  // Raise the last character that can be raised; UTF-8 bytes sort as code points do.
  while (!prefix.empty()) {
    size_t start = prefix.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(prefix[start]) & 0xC0) == 0x80) --start;
    char32_t c = decode_last(prefix, start);
    prefix.resize(start);
    if (c >= 0x10FFFF) continue;
    c = c + 1 == 0xD800 ? 0xE000 : c + 1;
    append_utf8(c, prefix);
    return prefix;
  }
  return std::nullopt;
}

std::optional<uint64_t> record_count(const AddFile& file) {
  const auto stats = nlohmann::json::parse(file.stats, nullptr, false);
  if (!stats.is_object()) return std::nullopt;
  const auto rows = stats.find("numRecords");
  if (rows == stats.end() || !rows->is_number_unsigned()) return std::nullopt;
  return rows->get<uint64_t>();
}

std::string statistics_json(const engine::WrittenFile& file, const TableSchema& schema,
                            const std::vector<std::string>& partition_by, int indexed_columns) {
  StatisticsPrinter printer(file, indexed_columns);
  printer.visit(schema, partition_by);
  return printer.print();
}

}  // namespace lakeward::delta
