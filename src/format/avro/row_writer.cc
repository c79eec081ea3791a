#include "format/avro/row_writer.h"

#include "format/avro/scalar_text.h"
#include "format/avro/write.h"

namespace lakeward::format::avro {
namespace {

using engine::ColumnType;
using engine::VectorView;

// Of a type whose values are stored as whole numbers of up to 64 bits.
int64_t whole(duckdb_type stored, const VectorView& view, size_t row) {
  switch (stored) {
    case DUCKDB_TYPE_TINYINT:
      return view.get<int8_t>(row);
    case DUCKDB_TYPE_SMALLINT:
      return view.get<int16_t>(row);
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      return view.get<int32_t>(row);
    case DUCKDB_TYPE_UTINYINT:
      return view.get<uint8_t>(row);
    case DUCKDB_TYPE_USMALLINT:
      return view.get<uint16_t>(row);
    case DUCKDB_TYPE_UINTEGER:
      return view.get<uint32_t>(row);
    default:
      return view.get<int64_t>(row);
  }
}

Int128 huge(const duckdb_hugeint& parts) {
  return static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(parts.upper)) << 64 |
                             parts.lower);
}

// In the unit of the column's values, microseconds of times.
int64_t micros(duckdb_type id, int64_t value) {
  return id == DUCKDB_TYPE_TIMESTAMP_S    ? value * 1'000'000
         : id == DUCKDB_TYPE_TIMESTAMP_MS ? value * 1'000
                                          : value;
}

int64_t divide_down(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace

RowWriter::Bound::Bound(const ColumnType& type, VectorView view) : type(type), view(view) {
  switch (type.id) {
    case DUCKDB_TYPE_LIST:
      children.emplace_back(type.children[0].type, view.list_child());
      break;
    case DUCKDB_TYPE_ARRAY:
      children.emplace_back(type.children[0].type, view.array_child());
      break;
    case DUCKDB_TYPE_MAP:
      children.emplace_back(type.children[0].type, view.list_child().struct_child(0));
      children.emplace_back(type.children[1].type, view.list_child().struct_child(1));
      break;
    case DUCKDB_TYPE_STRUCT:
      for (size_t i = 0; i < type.children.size(); ++i) {
        children.emplace_back(type.children[i].type, view.struct_child(i));
      }
      break;
    default:
      break;
  }
}

RowWriter::RowWriter(const std::vector<WriteField>& fields,
                     const std::vector<engine::TypedColumn>& types,
                     std::span<const VectorView> columns)
    : fields_(fields) {
  columns_.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) columns_.emplace_back(types[i].type, columns[i]);
}

bool RowWriter::write(size_t row, std::string& out) {
  out_ = &out;
  return write_fields(fields_, columns_, row);
}

bool RowWriter::write_fields(const std::vector<WriteField>& fields,
                             const std::vector<Bound>& columns, size_t row) {
  for (const WriteField& field : fields) {
    if (!field.column) {
      *out_ += field.default_bytes;
    } else if (!write_node(field.node, columns[*field.column], row)) {
      return false;
    }
  }
  return true;
}

bool RowWriter::write_node(const WriteNode& node, const Bound& column, size_t row) {
  if (!column.view.is_null(row)) {
    if (node.value_branch >= 0) append_long(node.value_branch, *out_);
    return write_value(node, column, row);
  }
  if (node.null_branch < 0) {
    null_column_ = &node.name;
    return false;
  }
  append_long(node.null_branch, *out_);
  return true;
}

bool RowWriter::write_value(const WriteNode& node, const Bound& column, size_t row) {
  const VectorView& view = column.view;
  switch (column.type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      *out_ += view.get<bool>(row) ? '\1' : '\0';
      return true;
    case DUCKDB_TYPE_FLOAT:
      if (node.widens) {
        append_bits(static_cast<double>(view.get<float>(row)), *out_);
      } else {
        append_bits(view.get<float>(row), *out_);
      }
      return true;
    case DUCKDB_TYPE_DOUBLE:
      append_bits(view.get<double>(row), *out_);
      return true;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      write_text(view.string(row));
      return true;
    case DUCKDB_TYPE_ENUM:
      write_text(column.type.symbols[static_cast<size_t>(whole(column.type.stored, view, row))]);
      return true;
    case DUCKDB_TYPE_UUID:
      write_uuid(view.get<duckdb_hugeint>(row));
      return true;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
      write_unscaled(column, row);
      return true;
    case DUCKDB_TYPE_LIST:
      return write_items(node, column.children[0], nullptr, view.list_entry(row));
    case DUCKDB_TYPE_ARRAY:
      return write_items(node, column.children[0], nullptr,
                         {row * column.type.array_size, column.type.array_size});
    case DUCKDB_TYPE_MAP:
      return write_items(node, column.children[1], &column.children[0], view.list_entry(row));
    case DUCKDB_TYPE_STRUCT:
      return write_fields(node.fields, column.children, row);
    default: {
      const int64_t value = micros(column.type.id, whole(column.type.stored, view, row));
      append_long(node.divisor == 1 ? value : divide_down(value, node.divisor), *out_);
      return true;
    }
  }
}

// Of a list, or with keys of a map.
bool RowWriter::write_items(const WriteNode& node, const Bound& values, const Bound* keys,
                            duckdb_list_entry entry) {
  if (entry.length > 0) append_long(static_cast<int64_t>(entry.length), *out_);
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (keys != nullptr) write_text(keys->view.string(i));
    if (!write_node(node.items[0], values, i)) return false;
  }
  *out_ += '\0';
  return true;
}

void RowWriter::write_text(std::string_view text) {
  append_long(static_cast<int64_t>(text.size()), *out_);
  *out_ += text;
}

void RowWriter::write_uuid(const duckdb_hugeint& value) {
  // See RowReader::write_uuid().
  const uint64_t parts[] = {static_cast<uint64_t>(value.upper) ^ uint64_t{1} << 63, value.lower};
  char bytes[16];
  for (size_t i = 0; i < 16; ++i) bytes[i] = static_cast<char>(parts[i / 8] >> (56 - i % 8 * 8));
  scratch_.clear();
  append_uuid({bytes, sizeof(bytes)}, scratch_);
  write_text(scratch_);
}

// The shortest big-endian two's complement.
void RowWriter::write_unscaled(const Bound& column, size_t row) {
  const VectorView& view = column.view;
  bool is_unsigned = false;
  Int128 value = 0;
  if (column.type.id == DUCKDB_TYPE_UHUGEINT) {
    const auto& parts = view.get<duckdb_uhugeint>(row);
    value = huge({parts.lower, static_cast<int64_t>(parts.upper)});
    is_unsigned = true;
  } else if (column.type.id == DUCKDB_TYPE_UBIGINT) {
    value = static_cast<Int128>(view.get<uint64_t>(row));
  } else if (column.type.id == DUCKDB_TYPE_HUGEINT || column.type.stored == DUCKDB_TYPE_HUGEINT) {
    value = huge(view.get<duckdb_hugeint>(row));
  } else {
    value = whole(column.type.stored, view, row);
  }
  char bytes[17];
  size_t begin = sizeof(bytes);
  const bool negative = value < 0 && !is_unsigned;
  auto bits = static_cast<Uint128>(value);
  do {
    bytes[--begin] = static_cast<char>(bits);
    bits = bits >> 8 | (negative ? static_cast<Uint128>(0xFF) << 120 : 0);
  } while (bits != (negative ? ~Uint128{0} : 0));
  if ((static_cast<signed char>(bytes[begin]) < 0) != negative) {
    bytes[--begin] = negative ? '\xFF' : '\0';
  }
  write_text({bytes + begin, sizeof(bytes) - begin});
}

}  // namespace lakeward::format::avro
