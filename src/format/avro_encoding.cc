#include "format/avro_encoding.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "format/avro/scalar_text.h"
#include "format/avro/write.h"

namespace lakeward::format {
namespace {

using avro::append_bits;
using avro::append_long;
using avro::Int128;
using engine::ColumnType;
using engine::TypedColumn;
using engine::VectorView;
using Json = nlohmann::ordered_json;

// ---- the schema ---------------------------------------------------------------------------------

Json logical(const char* type, const char* name) {
  return Json{{"type", type}, {"logicalType", name}};
}

Json decimal(int precision, int scale) {
  Json type = logical("bytes", "decimal");
  type["precision"] = precision;
  type["scale"] = scale;
  return type;
}

class SchemaMaker {
 public:
  Result<Json> record(const std::vector<TypedColumn>& columns, const std::string& name) {
    Json fields = Json::array();
    for (const TypedColumn& column : columns) {
      if (!is_avro_name(column.name)) {
        return invalid_argument("the column '" + column.name +
                                "' has no name that Avro allows (letters, digits and '_'); name it "
                                "otherwise in the transform");
      }
      Result<Json> type = nullable(column.type, name + "_" + column.name);
      if (!type.ok()) return type.status().with_context("column '" + column.name + "'");
      fields.push_back(Json{{"name", column.name}, {"type", *type}, {"default", nullptr}});
    }
    return Json{{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
  }

 private:
  // `name` is free for a record that is needed.
  Result<Json> nullable(const ColumnType& type, const std::string& name) {
    ASSIGN_OR_RETURN(Json own, type_of(type, name));
    return Json::array({"null", std::move(own)});
  }

  Result<Json> type_of(const ColumnType& type, const std::string& name) {
    switch (type.id) {
      case DUCKDB_TYPE_BOOLEAN:
        return Json("boolean");
      case DUCKDB_TYPE_TINYINT:
      case DUCKDB_TYPE_SMALLINT:
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_UTINYINT:
      case DUCKDB_TYPE_USMALLINT:
        return Json("int");
      case DUCKDB_TYPE_UINTEGER:
      case DUCKDB_TYPE_BIGINT:
        return Json("long");
      case DUCKDB_TYPE_UBIGINT:
        return decimal(20, 0);
      case DUCKDB_TYPE_HUGEINT:
      case DUCKDB_TYPE_UHUGEINT:
        return decimal(39, 0);
      case DUCKDB_TYPE_DECIMAL:
        return decimal(type.width, type.scale);
      case DUCKDB_TYPE_FLOAT:
        return Json("float");
      case DUCKDB_TYPE_DOUBLE:
        return Json("double");
      case DUCKDB_TYPE_VARCHAR:
      case DUCKDB_TYPE_ENUM:
        return Json("string");
      case DUCKDB_TYPE_BLOB:
        return Json("bytes");
      case DUCKDB_TYPE_UUID:
        return logical("string", "uuid");
      case DUCKDB_TYPE_DATE:
        return logical("int", "date");
      case DUCKDB_TYPE_TIME:
        return logical("long", "time-micros");
      case DUCKDB_TYPE_TIMESTAMP_TZ:
        return logical("long", "timestamp-micros");
      case DUCKDB_TYPE_TIMESTAMP:
      case DUCKDB_TYPE_TIMESTAMP_S:
      case DUCKDB_TYPE_TIMESTAMP_MS:
        return logical("long", "local-timestamp-micros");
      case DUCKDB_TYPE_TIMESTAMP_NS:
        return logical("long", "local-timestamp-nanos");
      case DUCKDB_TYPE_LIST:
      case DUCKDB_TYPE_ARRAY: {
        ASSIGN_OR_RETURN(Json items, nullable(type.children[0].type, name));
        return Json{{"type", "array"}, {"items", std::move(items)}};
      }
      case DUCKDB_TYPE_STRUCT:
        return record(type.children, name);
      case DUCKDB_TYPE_MAP: {
        if (type.children[0].type.id != DUCKDB_TYPE_VARCHAR) {
          return invalid_argument("the keys of a map are text in Avro; cast them to VARCHAR");
        }
        ASSIGN_OR_RETURN(Json values, nullable(type.children[1].type, name));
        return Json{{"type", "map"}, {"values", std::move(values)}};
      }
      default:
        return invalid_argument(
            "its type has no equal in Avro; cast it to one that has, for example "
            "VARCHAR");
    }
  }
};

// A name for records that have none: the topic's, as far as Avro allows.
std::string default_name(const std::string& topic) {
  std::string name;
  for (const char c : topic) name += is_avro_name("a" + std::string(1, c)) ? c : '_';
  return is_avro_name(name) ? name : "_" + name;
}

std::string subject_of(const AvroEncodingOptions& options, const std::string& record_name) {
  if (!options.subject.empty()) return options.subject;
  switch (options.strategy) {
    case SubjectStrategy::kTopicName:
      return options.topic + (options.is_key ? "-key" : "-value");
    case SubjectStrategy::kRecordName:
      return record_name;
    case SubjectStrategy::kTopicRecordName:
      return options.topic + "-" + record_name;
  }
  return "";
}

// ---- the values ---------------------------------------------------------------------------------

// A column of one chunk, or a nested part of one.
struct Bound {
  Bound(const ColumnType& type, VectorView view) : type(type), view(view) {
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
  const ColumnType& type;
  VectorView view;
  std::vector<Bound> children;
};

class ValueWriter {
 public:
  explicit ValueWriter(std::string& out) : out_(out) {}

  // The union of null and the value.
  void nullable(const Bound& column, size_t row) {
    if (column.view.is_null(row)) {
      out_ += '\0';
    } else {
      out_ += '\2';  // the second branch
      value(column, row);
    }
  }

 private:
  void value(const Bound& column, size_t row) {
    const VectorView& view = column.view;
    switch (column.type.id) {
      case DUCKDB_TYPE_BOOLEAN:
        out_ += view.get<bool>(row) ? '\1' : '\0';
        return;
      case DUCKDB_TYPE_FLOAT:
        return append_bits(view.get<float>(row), out_);
      case DUCKDB_TYPE_DOUBLE:
        return append_bits(view.get<double>(row), out_);
      case DUCKDB_TYPE_VARCHAR:
      case DUCKDB_TYPE_BLOB:
        return text(view.string(row));
      case DUCKDB_TYPE_ENUM:
        return text(column.type.symbols[static_cast<size_t>(whole(column.type.stored, view, row))]);
      case DUCKDB_TYPE_UUID:
        return uuid(view.get<duckdb_hugeint>(row));
      case DUCKDB_TYPE_UBIGINT:
        return unscaled(static_cast<Int128>(view.get<uint64_t>(row)), false);
      case DUCKDB_TYPE_HUGEINT:
        return unscaled(huge(view.get<duckdb_hugeint>(row)), false);
      case DUCKDB_TYPE_UHUGEINT: {
        const auto& parts = view.get<duckdb_uhugeint>(row);
        return unscaled(huge({parts.lower, static_cast<int64_t>(parts.upper)}), true);
      }
      case DUCKDB_TYPE_DECIMAL:
        return unscaled(column.type.stored == DUCKDB_TYPE_HUGEINT
                            ? huge(view.get<duckdb_hugeint>(row))
                            : whole(column.type.stored, view, row),
                        false);
      case DUCKDB_TYPE_TIMESTAMP_S:
        return append_long(view.get<int64_t>(row) * 1'000'000, out_);
      case DUCKDB_TYPE_TIMESTAMP_MS:
        return append_long(view.get<int64_t>(row) * 1'000, out_);
      case DUCKDB_TYPE_LIST:
        return list(column, view.list_entry(row));
      case DUCKDB_TYPE_ARRAY:
        return list(column, {row * column.type.array_size, column.type.array_size});
      case DUCKDB_TYPE_MAP:
        return map(column, view.list_entry(row));
      case DUCKDB_TYPE_STRUCT:
        for (const Bound& child : column.children) nullable(child, row);
        return;
      default:
        return append_long(whole(column.type.stored, view, row), out_);
    }
  }

  // Of a type whose values are stored as whole numbers of up to 64 bits.
  static int64_t whole(duckdb_type stored, const VectorView& view, size_t row) {
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
  static Int128 huge(const duckdb_hugeint& parts) {
    return static_cast<Int128>(
        static_cast<avro::Uint128>(static_cast<uint64_t>(parts.upper)) << 64 | parts.lower);
  }

  void text(std::string_view text) {
    append_long(static_cast<int64_t>(text.size()), out_);
    out_ += text;
  }

  // The shortest big-endian two's complement.
  void unscaled(Int128 value, bool is_unsigned) {
    char bytes[17];
    size_t begin = sizeof(bytes);
    const bool negative = value < 0 && !is_unsigned;
    auto bits = static_cast<avro::Uint128>(value);
    do {
      bytes[--begin] = static_cast<char>(bits);
      bits = bits >> 8 | (negative ? static_cast<avro::Uint128>(0xFF) << 120 : 0);
    } while (bits != (negative ? ~avro::Uint128{0} : 0));
    if ((static_cast<signed char>(bytes[begin]) < 0) != negative) {
      bytes[--begin] = negative ? '\xFF' : '\0';
    }
    text({bytes + begin, sizeof(bytes) - begin});
  }

  void uuid(const duckdb_hugeint& value) {
    // See RowReader::write_uuid().
    const uint64_t parts[] = {static_cast<uint64_t>(value.upper) ^ uint64_t{1} << 63, value.lower};
    char bytes[16];
    for (size_t i = 0; i < 16; ++i) bytes[i] = static_cast<char>(parts[i / 8] >> (56 - i % 8 * 8));
    scratch_.clear();
    avro::append_uuid({bytes, sizeof(bytes)}, scratch_);
    text(scratch_);
  }

  void list(const Bound& column, duckdb_list_entry entry) {
    if (entry.length > 0) append_long(static_cast<int64_t>(entry.length), out_);
    for (size_t i = 0; i < entry.length; ++i) nullable(column.children[0], entry.offset + i);
    out_ += '\0';
  }

  void map(const Bound& column, duckdb_list_entry entry) {
    if (entry.length > 0) append_long(static_cast<int64_t>(entry.length), out_);
    for (size_t i = 0; i < entry.length; ++i) {
      text(column.children[0].view.string(entry.offset + i));
      nullable(column.children[1], entry.offset + i);
    }
    out_ += '\0';
  }

  std::string& out_;
  std::string scratch_;
};

class AvroEncoder final : public Encoder {
 public:
  AvroEncoder(std::vector<TypedColumn> columns, std::string header)
      : columns_(std::move(columns)), header_(std::move(header)) {}

  Status encode(std::span<const VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == columns_.size(), "an encoder is given the columns it was made for");
    out.clear();
    std::vector<Bound> bound;
    bound.reserve(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) bound.emplace_back(columns_[i].type, columns[i]);
    ValueWriter writer(out.bytes());
    for (size_t row = 0; row < rows; ++row) {
      out.bytes() += header_;
      for (const Bound& column : bound) writer.nullable(column, row);
      out.end_payload();
    }
    out.finish();
    return ok_status();
  }

 private:
  std::vector<TypedColumn> columns_;
  std::string header_;
};

class AvroEncoding final : public Encoding {
 public:
  explicit AvroEncoding(AvroEncodingOptions options) : options_(std::move(options)) {}

  Status check(const std::vector<TypedColumn>& columns) const override {
    return avro_schema(columns, record_name()).status();
  }

  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<TypedColumn>& columns) const override {
    const std::string name = record_name();
    ASSIGN_OR_RETURN(const std::string schema, avro_schema(columns, name));
    std::string header;
    if (options_.registrar != nullptr) {
      const std::string subject = subject_of(options_, name);
      const Result<uint32_t> id =
          options_.registrar->schema_id(subject, schema, options_.auto_register);
      if (id.status().code() == StatusCode::kNotFound) {
        return not_found("the subject '" + subject +
                         "' does not have the schema of these columns (" + id.status().message() +
                         "); register it, or allow it: auto_register: true\n  " + schema);
      }
      if (!id.ok()) return id.status().with_context("the subject '" + subject + "'");
      header += '\0';
      for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(*id >> shift);
    }
    return std::unique_ptr<Encoder>(std::make_unique<AvroEncoder>(columns, std::move(header)));
  }

  Result<std::string> reach() const override {
    if (options_.registrar == nullptr) return std::string();
    RETURN_IF_ERROR(options_.registrar->reach());
    return options_.registrar->name();
  }

 private:
  std::string record_name() const {
    return options_.record_name.empty() ? default_name(options_.topic) : options_.record_name;
  }

  AvroEncodingOptions options_;
};

}  // namespace

bool is_avro_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::string> avro_schema(const std::vector<TypedColumn>& columns,
                                const std::string& record_name) {
  const size_t dot = record_name.rfind('.');
  const std::string name = dot == std::string::npos ? record_name : record_name.substr(dot + 1);
  size_t begin = 0;
  bool sound = true;
  while (sound && begin <= record_name.size()) {
    const size_t end = std::min(record_name.find('.', begin), record_name.size());
    sound = is_avro_name(std::string_view(record_name).substr(begin, end - begin));
    begin = end + 1;
  }
  if (!sound) {
    return invalid_argument("'" + record_name + "' is no name for an Avro record");
  }
  ASSIGN_OR_RETURN(Json schema, SchemaMaker().record(columns, name));
  if (dot == std::string::npos) return schema.dump();
  Json with_space;
  for (auto& [key, value] : schema.items()) {
    with_space[key] = value;
    if (key == "name") with_space["namespace"] = record_name.substr(0, dot);
  }
  return with_space.dump();
}

std::unique_ptr<Encoding> make_avro_encoding(AvroEncodingOptions options) {
  return std::make_unique<AvroEncoding>(std::move(options));
}

}  // namespace lakeward::format
