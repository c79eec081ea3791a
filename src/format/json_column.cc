#include "format/json_column.h"

#include <algorithm>
#include <cmath>

namespace lakeward::format {

using engine::VectorView;

namespace {

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

Uint128 whole(uint64_t upper, uint64_t lower) { return static_cast<Uint128>(upper) << 64 | lower; }

}  // namespace

std::string quoted_json(const std::string& text) {
  std::string json(text_bound(text.size()), '\0');
  json.resize(static_cast<size_t>(write_text(json.data(), text) - json.data()));
  return json;
}

template <typename WriteOne>
void JsonColumnTexts::write_scalars(const VectorView& values, size_t count, WriteOne write_one) {
  for (size_t row = 0; row < count; ++row) {
    if (values.is_null(row)) {
      texts_.add("null");
    } else {
      texts_.end_at(write_one(texts_.room(kMaxScalarBytes), row));
    }
  }
}

template <typename T>
void JsonColumnTexts::write_wholes(const VectorView& values, size_t count) {
  const T* data = values.data<T>();
  write_scalars(values, count, [&](char* to, size_t row) { return write_whole(to, data[row]); });
}

template <typename T>
void JsonColumnTexts::write_reals(const VectorView& values, size_t count) {
  const T* data = values.data<T>();
  write_scalars(values, count, [&](char* to, size_t row) {
    non_finite_ |= !std::isfinite(data[row]);
    return write_real(to, data[row]);
  });
}

template <typename T>
void JsonColumnTexts::write_decimals(const VectorView& values, size_t count) {
  const T* data = values.data<T>();
  write_scalars(values, count, [&](char* to, size_t row) {
    const auto value = static_cast<int64_t>(data[row]);
    const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : value;
    return write_decimal(to, magnitude, value < 0, type_.scale);
  });
}

void JsonColumnTexts::write_huge_decimals(const VectorView& values, size_t count) {
  write_scalars(values, count, [&](char* to, size_t row) {
    const auto& value = values.get<duckdb_hugeint>(row);
    Uint128 bits = whole(static_cast<uint64_t>(value.upper), value.lower);
    if (value.upper < 0) bits = 0 - bits;
    return write_decimal(to, bits, value.upper < 0, type_.scale);
  });
}

template <typename T>
void JsonColumnTexts::write_symbols(const VectorView& values, size_t count) {
  const T* data = values.data<T>();
  for (size_t row = 0; row < count; ++row) {
    texts_.add(values.is_null(row) ? "null" : std::string_view(symbols_[data[row]]));
  }
}

template <typename Bound, typename Write>
void JsonColumnTexts::write_strings(const VectorView& values, size_t count, Bound bound,
                                    Write write) {
  for (size_t row = 0; row < count; ++row) {
    if (values.is_null(row)) {
      texts_.add("null");
      continue;
    }
    const std::string_view text = values.string(row);
    texts_.end_at(write(texts_.room(bound(text.size())), text));
  }
}

void JsonColumnTexts::write_timestamps(const VectorView& values, size_t count, int64_t per_second) {
  const bool utc = type_.id == DUCKDB_TYPE_TIMESTAMP_TZ;
  write_scalars(values, count, [&](char* to, size_t row) {
    return write_timestamp(to, values.get<int64_t>(row), per_second, utc);
  });
}

bool JsonColumnTexts::write_number(const VectorView& values, size_t count) {
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
      return write_reals<float>(values, count), true;
    case DUCKDB_TYPE_DOUBLE:
      return write_reals<double>(values, count), true;
    case DUCKDB_TYPE_DECIMAL:
      if (type_.stored == DUCKDB_TYPE_SMALLINT) return write_decimals<int16_t>(values, count), true;
      if (type_.stored == DUCKDB_TYPE_INTEGER) return write_decimals<int32_t>(values, count), true;
      if (type_.stored == DUCKDB_TYPE_BIGINT) return write_decimals<int64_t>(values, count), true;
      return write_huge_decimals(values, count), true;
    default:
      return false;
  }
}

bool JsonColumnTexts::write_temporal(const VectorView& values, size_t count) {
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

void JsonColumnTexts::write(const VectorView& values, size_t count) {
  texts_.clear();
  non_finite_ = false;
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

void JsonColumnTexts::write_lists(const VectorView& values, size_t count) {
  const bool is_array = type_.id == DUCKDB_TYPE_ARRAY;
  JsonColumnTexts& element = children_[0];
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

void JsonColumnTexts::write_maps(const VectorView& values, size_t count) {
  const VectorView entries = values.list_child();
  const size_t size = values.list_child_size();
  JsonColumnTexts& keys = children_[0];
  JsonColumnTexts& members = children_[1];
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

void JsonColumnTexts::write_structs(const VectorView& values, size_t count) {
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
    for (const JsonColumnTexts& child : children_) bytes += child.texts_[row].size();
    char* to = texts_.room(bytes);
    for (size_t i = 0; i < children_.size(); ++i) {
      to = put(put(to, names_[i]), children_[i].texts_[row]);
    }
    *to++ = '}';
    texts_.end_at(to);
  }
}

}  // namespace lakeward::format
