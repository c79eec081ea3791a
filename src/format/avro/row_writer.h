// Rows as records of a schema: the counterpart of row_reader.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/column_type.h"
#include "engine/vector_view.h"
#include "format/avro/write_plan.h"

namespace lakeward::format::avro {

// The rows of one chunk. Everything outlives it.
class RowWriter {
 public:
  RowWriter(const std::vector<WriteField>& fields, const std::vector<engine::TypedColumn>& types,
            std::span<const engine::VectorView> columns);

  // Appends a row to `out`. If it returns false, null_column() is the name of a column that is NULL
  // where the schema does not allow it.
  bool write(size_t row, std::string& out);
  const std::string& null_column() const { return *null_column_; }

  // A column of the chunk, or a nested part of one.
  struct Bound {
    Bound(const engine::ColumnType& type, engine::VectorView view);
    const engine::ColumnType& type;
    engine::VectorView view;
    std::vector<Bound> children;
  };

 private:
  bool write_fields(const std::vector<WriteField>& fields, const std::vector<Bound>& columns,
                    size_t row);
  bool write_node(const WriteNode& node, const Bound& column, size_t row);
  bool write_value(const WriteNode& node, const Bound& column, size_t row);
  bool write_items(const WriteNode& node, const Bound& values, const Bound* keys,
                   duckdb_list_entry entry);
  void write_text(std::string_view text);
  void write_uuid(const duckdb_hugeint& value);
  void write_unscaled(const Bound& column, size_t row);

  const std::vector<WriteField>& fields_;
  std::vector<Bound> columns_;
  std::string* out_ = nullptr;
  std::string scratch_;
  const std::string* null_column_ = nullptr;
};

}  // namespace lakeward::format::avro
