// The values of a change event's row: JSON's, and what Debezium writes as numbers and base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schema.h"
#include "format/json_values.h"

namespace lakeward::format {

// How a field's values are written.
struct DebeziumField {
  enum class Kind : uint8_t { kPlain, kDays, kTime, kUnscaled };
  Kind kind = Kind::kPlain;
  int digits = 6;  // kTime: of the fraction of a second, 3, 6 or 9
  int scale = 0;   // kUnscaled
};

// The fields of an event's `schema`, by their names: how the values of `before` and `after` are
// written. One that the schema does not have is kPlain. nullopt if it is no schema of an envelope.
std::optional<std::vector<DebeziumField>> parse_event_schema(std::string_view schema,
                                                             const engine::Schema& columns);

class DebeziumValues : public JsonValueDecoder {
 public:
  // One for each column, in the order of `columns`; both outlive it or are set again.
  void set_fields(const JsonColumn* columns, const std::vector<DebeziumField>* fields) {
    columns_ = columns;
    fields_ = fields;
  }

  const char* decode(JsonColumn& column, const char* p, size_t row) {
    const DebeziumField& field = (*fields_)[static_cast<size_t>(&column - columns_)];
    if (field.kind == DebeziumField::Kind::kPlain && !(*p == '"' && is_nested(column.kind)))
        [[likely]] {
      return JsonValueDecoder::decode(column, p, row);
    }
    return decode_written(column, field, p, row);
  }

 private:
  static bool is_nested(ColumnKind kind) { return kind >= ColumnKind::kListText; }
  const char* decode_written(JsonColumn& column, const DebeziumField& field, const char* p,
                             size_t row);
  const char* decode_number(JsonColumn& column, const DebeziumField& field, const char* p,
                            size_t row);
  const char* decode_unscaled(JsonColumn& column, const DebeziumField& field, const char* p,
                              size_t row);
  const char* decode_inner_json(JsonColumn& column, const char* p, size_t row);

  const JsonColumn* columns_ = nullptr;
  const std::vector<DebeziumField>* fields_ = nullptr;
  std::string text_;
};

}  // namespace lakeward::format
