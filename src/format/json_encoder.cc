#include "format/json_encoder.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "format/json_column.h"

namespace lakeward::format {
namespace {

using engine::ColumnType;
using engine::TypedColumn;
using engine::VectorView;

class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(const std::vector<TypedColumn>& columns, JsonWriting writing)
      : writing_(std::move(writing)) {
    for (const TypedColumn& column : columns) {
      columns_.emplace_back(column.type);
      names_.push_back((names_.empty() ? "{" : ",") + quoted_json(column.name) + ":");
      column_names_.push_back(column.name);
    }
    const auto& nulls = writing_.nulls;
    all_written_ = std::all_of(nulls.begin(), nulls.end(),
                               [](JsonNull null) { return null == JsonNull::kWritten; });
  }

  Status encode(std::span<const VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == columns_.size());
    out.clear();
    size_t total = rows * (1 + writing_.header.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      columns_[i].write(columns[i], rows);
      total += names_[i].size() * rows + columns_[i].texts().bytes();
      if (writing_.only_finite && columns_[i].holds_non_finite()) {
        return invalid_argument("the column '" + column_names_[i] +
                                "' holds NaN or an infinity, which are no numbers of a JSON "
                                "Schema; keep such rows out with an expectation, or give them a "
                                "value in the transform");
      }
    }
    std::string& bytes = out.bytes();
    bytes.reserve(total);
    for (size_t row = 0; row < rows; ++row) {
      if (writing_.is_key && all_null(columns, row)) {
        out.end_null();
        continue;
      }
      bytes.append(writing_.header);
      if (writing_.is_bare) {
        bytes.append(columns_[0].texts()[row]);
      } else if (all_written_) {
        write_members(row, bytes);
      } else {
        RETURN_IF_ERROR(write_some_members(columns, row, bytes));
      }
      out.end_payload();
    }
    out.finish();
    return ok_status();
  }

 private:
  void write_members(size_t row, std::string& bytes) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      bytes.append(names_[i]);
      bytes.append(columns_[i].texts()[row]);
    }
    bytes.push_back('}');
  }

  Status write_some_members(std::span<const VectorView> columns, size_t row, std::string& bytes) {
    char before = '{';
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (writing_.nulls[i] != JsonNull::kWritten && columns[i].is_null(row)) {
        if (writing_.nulls[i] == JsonNull::kLeftOut) continue;
        return invalid_argument("the column '" + column_names_[i] +
                                "' is NULL in a row, and the schema's property cannot be null; "
                                "keep such rows out with an expectation, or give them a value in "
                                "the transform");
      }
      bytes.push_back(before);
      before = ',';
      bytes.append(names_[i], 1);
      bytes.append(columns_[i].texts()[row]);
    }
    bytes.append(before == '{' ? "{}" : "}");
    return ok_status();
  }

  const JsonWriting writing_;
  bool all_written_ = true;
  std::vector<JsonColumnTexts> columns_;
  std::vector<std::string> names_;  // as JSON, with what stands before them
  std::vector<std::string> column_names_;
};

constexpr duckdb_type kWritten[] = {
    DUCKDB_TYPE_SQLNULL,      DUCKDB_TYPE_BOOLEAN,      DUCKDB_TYPE_TINYINT,
    DUCKDB_TYPE_SMALLINT,     DUCKDB_TYPE_INTEGER,      DUCKDB_TYPE_BIGINT,
    DUCKDB_TYPE_UTINYINT,     DUCKDB_TYPE_USMALLINT,    DUCKDB_TYPE_UINTEGER,
    DUCKDB_TYPE_UBIGINT,      DUCKDB_TYPE_HUGEINT,      DUCKDB_TYPE_UHUGEINT,
    DUCKDB_TYPE_FLOAT,        DUCKDB_TYPE_DOUBLE,       DUCKDB_TYPE_DECIMAL,
    DUCKDB_TYPE_VARCHAR,      DUCKDB_TYPE_BLOB,         DUCKDB_TYPE_DATE,
    DUCKDB_TYPE_TIME,         DUCKDB_TYPE_TIMESTAMP,    DUCKDB_TYPE_TIMESTAMP_S,
    DUCKDB_TYPE_TIMESTAMP_MS, DUCKDB_TYPE_TIMESTAMP_NS, DUCKDB_TYPE_TIMESTAMP_TZ,
    DUCKDB_TYPE_INTERVAL,     DUCKDB_TYPE_UUID,         DUCKDB_TYPE_ENUM};
constexpr duckdb_type kNested[] = {DUCKDB_TYPE_LIST, DUCKDB_TYPE_ARRAY, DUCKDB_TYPE_STRUCT,
                                   DUCKDB_TYPE_MAP};

bool contains(std::span<const duckdb_type> types, duckdb_type type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

Status check_type(const std::string& name, const ColumnType& type, bool is_key) {
  if (contains(kWritten, type.id)) return ok_status();
  if (!contains(kNested, type.id) || is_key) {
    const char* what = is_key                           ? "a MAP whose keys are nested"
                       : type.id == DUCKDB_TYPE_TIME_TZ ? "a TIME WITH TIME ZONE"
                       : type.id == DUCKDB_TYPE_BIT     ? "a BIT"
                       : type.id == DUCKDB_TYPE_UNION   ? "a UNION"
                                                        : "a type of this engine alone";
    return invalid_argument("the column '" + name + "' has " + what +
                            ", which cannot be written as JSON; cast it in the transform: CAST(" +
                            name + " AS VARCHAR)");
  }
  for (size_t i = 0; i < type.children.size(); ++i) {
    const bool key = type.id == DUCKDB_TYPE_MAP && i == 0;
    RETURN_IF_ERROR(check_type(name, type.children[i].type, key));
  }
  return ok_status();
}

}  // namespace

Status check_json_columns(const std::vector<TypedColumn>& columns) {
  for (const TypedColumn& column : columns) {
    RETURN_IF_ERROR(check_type(column.name, column.type, false));
  }
  return ok_status();
}

std::unique_ptr<Encoder> make_json_encoder(const std::vector<TypedColumn>& columns,
                                           JsonWriting writing) {
  return std::make_unique<JsonEncoder>(columns, std::move(writing));
}

}  // namespace lakeward::format
