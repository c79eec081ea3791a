#include "format/debezium_values.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "format/avro/scalar_text.h"
#include "format/base64.h"
#include "format/reasons.h"

namespace lakeward::format {
namespace {

using Json = nlohmann::json;
using Kind = DebeziumField::Kind;

// Kafka Connect's and Debezium's semantic types whose values are numbers, or base64.
constexpr std::pair<std::string_view, DebeziumField> kSemanticTypes[] = {
    {"io.debezium.time.Date", {Kind::kDays, 0, 0}},
    {"io.debezium.time.Time", {Kind::kTime, 3, 0}},
    {"io.debezium.time.MicroTime", {Kind::kTime, 6, 0}},
    {"io.debezium.time.NanoTime", {Kind::kTime, 9, 0}},
    {"io.debezium.time.Timestamp", {Kind::kTime, 3, 0}},
    {"io.debezium.time.MicroTimestamp", {Kind::kTime, 6, 0}},
    {"io.debezium.time.NanoTimestamp", {Kind::kTime, 9, 0}},
    {"org.apache.kafka.connect.data.Date", {Kind::kDays, 0, 0}},
    {"org.apache.kafka.connect.data.Time", {Kind::kTime, 3, 0}},
    {"org.apache.kafka.connect.data.Timestamp", {Kind::kTime, 3, 0}},
};

std::string text_of(const Json& json, const char* key) {
  if (!json.is_object()) return "";
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

DebeziumField field_of(const Json& schema) {
  const std::string name = text_of(schema, "name");
  for (const auto& [known, field] : kSemanticTypes) {
    if (known == name) return field;
  }
  if (name == "org.apache.kafka.connect.data.Decimal" && schema.contains("parameters")) {
    const std::string scale = text_of(schema["parameters"], "scale");
    int number = 0;
    const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), number);
    if (error == std::errc() && number >= 0) return {Kind::kUnscaled, 0, number};
  }
  return {};
}

}  // namespace

std::optional<std::vector<DebeziumField>> parse_event_schema(std::string_view schema,
                                                             const engine::Schema& columns) {
  const Json json = Json::parse(schema, nullptr, false);
  if (!json.is_object() || !json.contains("fields") || !json["fields"].is_array()) {
    return std::nullopt;
  }
  const auto find = [](const Json& fields, std::string_view name) -> const Json* {
    if (!fields.is_array()) return nullptr;
    for (const Json& field : fields) {
      if (text_of(field, "field") == name) return &field;
    }
    return nullptr;
  };
  const Json* row = find(json["fields"], "after");
  if (row == nullptr || !row->contains("fields")) return std::nullopt;
  std::vector<DebeziumField> result;
  for (const engine::Column& column : columns) {
    const Json* field = find((*row)["fields"], column.name);
    result.push_back(field == nullptr ? DebeziumField() : field_of(*field));
  }
  return result;
}

const char* DebeziumValues::decode_written(JsonColumn& column, const DebeziumField& field,
                                           const char* p, size_t row) {
  if (*p == '"' && is_nested(column.kind)) return decode_inner_json(column, p, row);
  switch (field.kind) {
    case Kind::kDays:
    case Kind::kTime:
      if (*p == '-' || is_digit(*p)) return decode_number(column, field, p, row);
      break;
    case Kind::kUnscaled:
      if (*p == '"') return decode_unscaled(column, field, p, row);
      break;
    case Kind::kPlain:
      break;
  }
  return JsonValueDecoder::decode(column, p, row);
}

// Days, or a count of fractions of a second.
const char* DebeziumValues::decode_number(JsonColumn& column, const DebeziumField& field,
                                          const char* p, size_t row) {
  int64_t number = 0;
  const IntegerScan scan = scan_integer(p, number);
  if (scan.error != NumberError::kNone) return JsonValueDecoder::decode(column, p, row);
  int64_t micros = 0;
  const bool is_days = field.kind == Kind::kDays;
  const bool fits = is_days ? number == static_cast<int32_t>(number)
                            : avro::to_micros(number, field.digits, micros);
  switch (column.kind) {
    case ColumnKind::kDate:
      if (!is_days || !fits) break;
      column.set(row, static_cast<int32_t>(number));
      return scan.end;
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestampTz:
      // The greatest and the least numbers are the engine's infinities and nothing.
      if (is_days || !fits || micros == std::numeric_limits<int64_t>::max() ||
          micros <= -std::numeric_limits<int64_t>::max()) {
        break;
      }
      column.set(row, micros);
      return scan.end;
    case ColumnKind::kScalarText:
      if (column.declared->type != "TIME" || is_days) break;
      if (!fits || micros < 0 || micros >= avro::kMicrosPerDay) break;
      text_.clear();
      avro::append_time(micros, text_);
      if (column.writer != nullptr) column.writer->set_copied_string(row, text_);
      return scan.end;
    default:  // whole numbers, text: the number itself
      return JsonValueDecoder::decode(column, p, row);
  }
  return refuse(column,
                ": " + std::to_string(number) + " is not " + with_article(column.declared->type));
}

const char* DebeziumValues::decode_unscaled(JsonColumn& column, const DebeziumField& field,
                                            const char* p, size_t row) {
  if (column.kind == ColumnKind::kBlob) return JsonValueDecoder::decode(column, p, row);
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  const std::optional<std::string> bytes = decode_base64(text);
  avro::Int128 unscaled = 0;
  if (!bytes || !avro::read_unscaled(*bytes, unscaled)) {
    return refuse(column, ": " + excerpt(text) + " is not base64 of a number");
  }
  text_.clear();
  avro::append_decimal(unscaled, field.scale, text_);
  if (column.kind == ColumnKind::kScalarText || column.kind == ColumnKind::kVarchar) {
    if (column.writer != nullptr) column.writer->set_copied_string(row, text_);
    return end;
  }
  return refuse(column,
                ": the decimal " + text_ + " is not " + with_article(column.declared->type));
}

// A string that holds JSON text: the column's value is that text.
const char* DebeziumValues::decode_inner_json(JsonColumn& column, const char* p, size_t row) {
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  if (!Json::accept(text)) {
    // A column of type JSON may hold a string; other nested values may not.
    if (column.kind == ColumnKind::kJsonText) return JsonValueDecoder::decode(column, p, row);
    return refuse(column, ": " + excerpt(text) + " is not JSON");
  }
  if (column.writer != nullptr) column.writer->set_copied_string(row, text);
  return end;
}

}  // namespace lakeward::format
