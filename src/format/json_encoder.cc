#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "format/encoder.h"
#include "format/json_text.h"

namespace lakeward::format {
namespace {

using engine::ColumnType;
using engine::TypedColumn;
using engine::VectorView;

// One text a value, one behind the other.
class Texts {
 public:
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.get() + begin, ends_[i] - begin};
  }
  size_t bytes() const { return used_; }

  void clear() {
    used_ = 0;
    ends_.clear();
  }
  // Room for so many bytes behind the last text.
  char* room(size_t wanted) {
    if (capacity_ - used_ < wanted) grow(wanted);
    return bytes_.get() + used_;
  }
  // Ends a text that was written into the room.
  void end_at(const char* end) {
    used_ = static_cast<size_t>(end - bytes_.get());
    ends_.push_back(used_);
  }
  void add(std::string_view text) {
    char* to = room(text.size());
    std::memcpy(to, text.data(), text.size());
    end_at(to + text.size());
  }

 private:
  void grow(size_t wanted) {
    capacity_ = std::max(capacity_ * 2, used_ + wanted);
    std::unique_ptr<char[]> bytes(new char[capacity_]);
    if (used_ > 0) std::memcpy(bytes.get(), bytes_.get(), used_);
    bytes_ = std::move(bytes);
  }

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t used_ = 0;
  std::vector<size_t> ends_;
};

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

std::string quoted(const std::string& text) {
  std::string json(text_bound(text.size()), '\0');
  json.resize(static_cast<size_t>(write_text(json.data(), text) - json.data()));
  return json;
}

Uint128 whole(uint64_t upper, uint64_t lower) { return static_cast<Uint128>(upper) << 64 | lower; }

// A column, or a nested part of one: makes the texts of all its values, one type at a time.
class Column {
 public:
  explicit Column(const ColumnType& type) : type_(type) {
    for (const TypedColumn& child : type_.children) {
      children_.emplace_back(child.type);
      names_.push_back((names_.empty() ? "{" : ",") + quoted(child.name) + ":");
    }
    for (const std::string& symbol : type_.symbols) symbols_.push_back(quoted(symbol));
  }

  const Texts& texts() const { return texts_; }
  void write(const VectorView& values, size_t count);

 private:
  // `write_one(to, row)` writes a value of at most kMaxScalarBytes.
  template <typename WriteOne>
  void write_scalars(const VectorView& values, size_t count, WriteOne write_one) {
    for (size_t row = 0; row < count; ++row) {
      if (values.is_null(row)) {
        texts_.add("null");
      } else {
        texts_.end_at(write_one(texts_.room(kMaxScalarBytes), row));
      }
    }
  }
  template <typename T>
  void write_wholes(const VectorView& values, size_t count) {
    const T* data = values.data<T>();
    write_scalars(values, count, [&](char* to, size_t row) { return write_whole(to, data[row]); });
  }
  template <typename T>
  void write_decimals(const VectorView& values, size_t count) {
    const T* data = values.data<T>();
    write_scalars(values, count, [&](char* to, size_t row) {
      const auto value = static_cast<int64_t>(data[row]);
      const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : value;
      return write_decimal(to, magnitude, value < 0, type_.scale);
    });
  }
  void write_huge_decimals(const VectorView& values, size_t count) {
    write_scalars(values, count, [&](char* to, size_t row) {
      const auto& value = values.get<duckdb_hugeint>(row);
      Uint128 bits = whole(static_cast<uint64_t>(value.upper), value.lower);
      if (value.upper < 0) bits = 0 - bits;
      return write_decimal(to, bits, value.upper < 0, type_.scale);
    });
  }
  template <typename T>
  void write_symbols(const VectorView& values, size_t count) {
    const T* data = values.data<T>();
    for (size_t row = 0; row < count; ++row) {
      texts_.add(values.is_null(row) ? "null" : std::string_view(symbols_[data[row]]));
    }
  }
  template <typename Bound, typename Write>
  void write_strings(const VectorView& values, size_t count, Bound bound, Write write) {
    for (size_t row = 0; row < count; ++row) {
      if (values.is_null(row)) {
        texts_.add("null");
        continue;
      }
      const std::string_view text = values.string(row);
      texts_.end_at(write(texts_.room(bound(text.size())), text));
    }
  }
  void write_timestamps(const VectorView& values, size_t count, int64_t per_second) {
    const bool utc = type_.id == DUCKDB_TYPE_TIMESTAMP_TZ;
    write_scalars(values, count, [&](char* to, size_t row) {
      return write_timestamp(to, values.get<int64_t>(row), per_second, utc);
    });
  }
  bool write_number(const VectorView& values, size_t count);
  bool write_temporal(const VectorView& values, size_t count);
  void write_lists(const VectorView& values, size_t count);
  void write_maps(const VectorView& values, size_t count);
  void write_structs(const VectorView& values, size_t count);

  ColumnType type_;
  std::vector<Column> children_;
  std::vector<std::string> names_;    // of the fields, with what stands around them
  std::vector<std::string> symbols_;  // of an ENUM, quoted
  Texts texts_;
};

bool Column::write_number(const VectorView& values, size_t count) {
  switch (type_.id) {
    case DUCKDB_TYPE_TINYINT:
      return write_wholes<int8_t>(values, count), true;
    case DUCKDB_TYPE_SMALLINT:
      return write_wholes<int16_t>(values, count), true;
    case DUCKDB_TYPE_INTEGER:
      return write_wholes<int32_t>(values, count), true;
    case DUCKDB_TYPE_BIGINT:
      return write_wholes<int64_t>(values, count), true;
    case DUCKDB_TYPE_UTINYINT:
      return write_wholes<uint8_t>(values, count), true;
    case DUCKDB_TYPE_USMALLINT:
      return write_wholes<uint16_t>(values, count), true;
    case DUCKDB_TYPE_UINTEGER:
      return write_wholes<uint32_t>(values, count), true;
    case DUCKDB_TYPE_UBIGINT:
      return write_wholes<uint64_t>(values, count), true;
    case DUCKDB_TYPE_HUGEINT:
      return write_huge_decimals(values, count), true;
    case DUCKDB_TYPE_UHUGEINT:
      write_scalars(values, count, [&](char* to, size_t row) {
        const auto& value = values.get<duckdb_uhugeint>(row);
        return write_huge(to, whole(value.upper, value.lower), false);
      });
      return true;
    case DUCKDB_TYPE_FLOAT:
      write_scalars(values, count,
                    [&](char* to, size_t row) { return write_real(to, values.get<float>(row)); });
      return true;
    case DUCKDB_TYPE_DOUBLE:
      write_scalars(values, count,
                    [&](char* to, size_t row) { return write_real(to, values.get<double>(row)); });
      return true;
    case DUCKDB_TYPE_DECIMAL:
      if (type_.stored == DUCKDB_TYPE_SMALLINT) return write_decimals<int16_t>(values, count), true;
      if (type_.stored == DUCKDB_TYPE_INTEGER) return write_decimals<int32_t>(values, count), true;
      if (type_.stored == DUCKDB_TYPE_BIGINT) return write_decimals<int64_t>(values, count), true;
      return write_huge_decimals(values, count), true;
    default:
      return false;
  }
}

bool Column::write_temporal(const VectorView& values, size_t count) {
  switch (type_.id) {
    case DUCKDB_TYPE_DATE:
      write_scalars(values, count,
                    [&](char* to, size_t row) { return write_date(to, values.get<int32_t>(row)); });
      return true;
    case DUCKDB_TYPE_TIME:
      write_scalars(values, count,
                    [&](char* to, size_t row) { return write_time(to, values.get<int64_t>(row)); });
      return true;
    case DUCKDB_TYPE_INTERVAL:
      write_scalars(values, count, [&](char* to, size_t row) {
        return write_interval(to, values.get<duckdb_interval>(row));
      });
      return true;
    case DUCKDB_TYPE_TIMESTAMP_S:
      return write_timestamps(values, count, 1), true;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return write_timestamps(values, count, 1'000), true;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return write_timestamps(values, count, 1'000'000), true;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return write_timestamps(values, count, 1'000'000'000), true;
    default:
      return false;
  }
}

void Column::write(const VectorView& values, size_t count) {
  texts_.clear();
  if (write_number(values, count) || write_temporal(values, count)) return;
  switch (type_.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return write_scalars(values, count, [&](char* to, size_t row) {
        return put(to, values.get<bool>(row) ? "true" : "false");
      });
    case DUCKDB_TYPE_UUID:
      return write_scalars(values, count, [&](char* to, size_t row) {
        return write_uuid(to, values.get<duckdb_hugeint>(row));
      });
    case DUCKDB_TYPE_VARCHAR:
      if (type_.is_json) {
        return write_strings(
            values, count, [](size_t bytes) { return bytes; }, put);
      }
      return write_strings(values, count, text_bound, write_text);
    case DUCKDB_TYPE_BLOB:
      return write_strings(values, count, base64_bound, write_base64);
    case DUCKDB_TYPE_ENUM:
      if (type_.stored == DUCKDB_TYPE_UTINYINT) return write_symbols<uint8_t>(values, count);
      if (type_.stored == DUCKDB_TYPE_USMALLINT) return write_symbols<uint16_t>(values, count);
      return write_symbols<uint32_t>(values, count);
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return write_lists(values, count);
    case DUCKDB_TYPE_MAP:
      return write_maps(values, count);
    case DUCKDB_TYPE_STRUCT:
      return write_structs(values, count);
    default:  // the type of NULL
      for (size_t row = 0; row < count; ++row) texts_.add("null");
  }
}

void Column::write_lists(const VectorView& values, size_t count) {
  const bool is_array = type_.id == DUCKDB_TYPE_ARRAY;
  Column& element = children_[0];
  if (is_array) {
    element.write(values.array_child(), count * type_.array_size);
  } else {
    element.write(values.list_child(), values.list_child_size());
  }
  for (size_t row = 0; row < count; ++row) {
    if (values.is_null(row)) {
      texts_.add("null");
      continue;
    }
    const duckdb_list_entry entry =
        is_array ? duckdb_list_entry{row * type_.array_size, type_.array_size}
                 : values.list_entry(row);
    size_t bytes = 2;
    for (size_t i = 0; i < entry.length; ++i) bytes += element.texts_[entry.offset + i].size() + 1;
    char* to = texts_.room(bytes);
    *to++ = '[';
    for (size_t i = 0; i < entry.length; ++i) {
      if (i > 0) *to++ = ',';
      to = put(to, element.texts_[entry.offset + i]);
    }
    *to++ = ']';
    texts_.end_at(to);
  }
}

void Column::write_maps(const VectorView& values, size_t count) {
  const VectorView entries = values.list_child();
  const size_t size = values.list_child_size();
  Column& keys = children_[0];
  Column& members = children_[1];
  keys.write(entries.struct_child(0), size);
  members.write(entries.struct_child(1), size);
  for (size_t row = 0; row < count; ++row) {
    if (values.is_null(row)) {
      texts_.add("null");
      continue;
    }
    const duckdb_list_entry entry = values.list_entry(row);
    size_t bytes = 2;
    for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      bytes += keys.texts_[i].size() + members.texts_[i].size() + 4;
    }
    char* to = texts_.room(bytes);
    *to++ = '{';
    for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (i > entry.offset) *to++ = ',';
      const std::string_view key = keys.texts_[i];
      const bool bare = key.front() != '"';  // a number or a boolean
      if (bare) *to++ = '"';
      to = put(to, key);
      if (bare) *to++ = '"';
      *to++ = ':';
      to = put(to, members.texts_[i]);
    }
    *to++ = '}';
    texts_.end_at(to);
  }
}

void Column::write_structs(const VectorView& values, size_t count) {
  size_t names = 1;
  for (size_t i = 0; i < children_.size(); ++i) {
    children_[i].write(values.struct_child(i), count);
    names += names_[i].size();
  }
  for (size_t row = 0; row < count; ++row) {
    if (values.is_null(row)) {
      texts_.add("null");
      continue;
    }
    size_t bytes = names;
    for (const Column& child : children_) bytes += child.texts_[row].size();
    char* to = texts_.room(bytes);
    for (size_t i = 0; i < children_.size(); ++i) {
      to = put(put(to, names_[i]), children_[i].texts_[row]);
    }
    *to++ = '}';
    texts_.end_at(to);
  }
}

class JsonEncoder final : public Encoder {
 public:
  explicit JsonEncoder(const std::vector<TypedColumn>& columns) {
    for (const TypedColumn& column : columns) {
      columns_.emplace_back(column.type);
      names_.push_back((names_.empty() ? "{" : ",") + quoted(column.name) + ":");
    }
  }

  Status encode(std::span<const VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == columns_.size());
    out.clear();
    size_t total = rows;
    for (size_t i = 0; i < columns.size(); ++i) {
      columns_[i].write(columns[i], rows);
      total += names_[i].size() * rows + columns_[i].texts().bytes();
    }
    std::string& bytes = out.bytes();
    bytes.reserve(total);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        bytes.append(names_[i]);
        bytes.append(columns_[i].texts()[row]);
      }
      bytes.push_back('}');
      out.end_payload();
    }
    out.finish();
    return ok_status();
  }

 private:
  std::vector<Column> columns_;
  std::vector<std::string> names_;
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

class JsonEncoding final : public Encoding {
 public:
  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<TypedColumn>& columns) const override {
    if (columns.empty()) return invalid_argument("there is no column to write as JSON");
    for (const TypedColumn& column : columns) {
      RETURN_IF_ERROR(check_type(column.name, column.type, false));
    }
    return std::unique_ptr<Encoder>(std::make_unique<JsonEncoder>(columns));
  }
};

}  // namespace

std::unique_ptr<Encoding> make_json_encoding() { return std::make_unique<JsonEncoding>(); }

}  // namespace lakeward::format
