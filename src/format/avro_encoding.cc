#include "format/avro_encoding.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "format/avro/row_writer.h"
#include "format/avro/schema.h"

namespace lakeward::format {
namespace {

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
  // Of keys, the fields are not nullable.
  Result<Json> record(const std::vector<TypedColumn>& columns, const std::string& name,
                      bool is_key = false) {
    Json fields = Json::array();
    for (const TypedColumn& column : columns) {
      if (!is_avro_name(column.name)) {
        return invalid_argument("the column '" + column.name +
                                "' has no name that Avro allows (letters, digits and '_'); name it "
                                "otherwise in the transform");
      }
      const std::string own_name = name + "_" + column.name;
      Result<Json> type = is_key ? type_of(column.type, own_name) : nullable(column.type, own_name);
      if (!type.ok()) return type.status().with_context("column '" + column.name + "'");
      Json field{{"name", column.name}, {"type", *std::move(type)}};
      if (!is_key) field["default"] = nullptr;
      fields.push_back(std::move(field));
    }
    return Json{{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
  }

  // The type of a key that is this column's value alone.
  Result<Json> bare_key(const TypedColumn& column, const std::string& name) {
    if (column.type.id == DUCKDB_TYPE_STRUCT) return record(column.type.children, name, true);
    Result<Json> type = type_of(column.type, name);
    if (!type.ok()) return type.status().with_context("column '" + column.name + "'");
    return type;
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

// `schema`, of a record, with the name's namespace.
Json with_full_name(const Json& schema, const std::string& record_name) {
  const size_t dot = record_name.rfind('.');
  if (dot == std::string::npos) return schema;
  Json full;
  for (const auto& [key, value] : schema.items()) {
    full[key] = value;
    if (key == "name") full["namespace"] = record_name.substr(0, dot);
  }
  return full;
}

// The last part of a record's full name.
Result<std::string> own_name(const std::string& record_name) {
  size_t begin = 0;
  while (true) {
    const size_t end = std::min(record_name.find('.', begin), record_name.size());
    std::string part = record_name.substr(begin, end - begin);
    if (!is_avro_name(part)) {
      return invalid_argument("'" + record_name + "' is no name for an Avro record");
    }
    if (end == record_name.size()) return part;
    begin = end + 1;
  }
}

// ---- the encoder --------------------------------------------------------------------------------

class AvroEncoder final : public Encoder {
 public:
  AvroEncoder(std::vector<TypedColumn> columns, std::vector<avro::WriteField> fields,
              std::string header, bool is_key)
      : columns_(std::move(columns)),
        fields_(std::move(fields)),
        header_(std::move(header)),
        is_key_(is_key) {}

  Status encode(std::span<const VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == columns_.size(), "an encoder is given the columns it was made for");
    out.clear();
    avro::RowWriter writer(fields_, columns_, columns);
    for (size_t row = 0; row < rows; ++row) {
      if (is_key_ && all_null(columns, row)) {
        out.end_null();
        continue;
      }
      out.bytes() += header_;
      if (!writer.write(row, out.bytes())) {
        return invalid_argument("the column '" + writer.null_column() +
                                "' is NULL in a row, and the schema's field cannot be null; keep "
                                "such rows out with an expectation, or give them a value in the "
                                "transform");
      }
      out.end_payload();
    }
    out.finish();
    return ok_status();
  }

 private:
  std::vector<TypedColumn> columns_;
  std::vector<avro::WriteField> fields_;
  std::string header_;
  bool is_key_;
};

class AvroEncoding final : public Encoding {
 public:
  explicit AvroEncoding(AvroEncodingOptions options) : options_(std::move(options)) {}

  Status check(const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(const Written written, plan(columns));
    return check_subject(options_, written.record_name);
  }

  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(Written written, plan(columns));
    ASSIGN_OR_RETURN(
        std::string header,
        register_schema(options_, {.type = "AVRO", .text = written.schema}, written.record_name));
    return std::unique_ptr<Encoder>(std::make_unique<AvroEncoder>(
        std::move(written.columns), std::move(written.fields), std::move(header), options_.is_key));
  }

  Result<std::string> reach() const override { return reach_registry(options_); }

 private:
  struct Written {
    std::string schema;
    std::string record_name;  // empty if it is no record
    std::vector<TypedColumn> columns;
    std::vector<avro::WriteField> fields;
  };

  std::string record_name() const {
    return options_.record_name.empty() ? default_record_name(options_) : options_.record_name;
  }

  // By the given schema, or one that is made of the columns.
  Result<Written> plan(const std::vector<TypedColumn>& columns) const {
    if (options_.is_bare) {
      CHECK(columns.size() == 1, "a bare value is one column");
      const bool is_struct = columns[0].type.id == DUCKDB_TYPE_STRUCT;
      if (is_struct || !check_avro_record(options_.schema).ok()) return plan_bare(columns[0]);
    }
    Written written;
    written.columns = columns;
    written.schema = options_.schema;
    if (written.schema.empty()) {
      ASSIGN_OR_RETURN(const std::string name, own_name(record_name()));
      ASSIGN_OR_RETURN(const Json made, SchemaMaker().record(columns, name, options_.is_key));
      written.schema = with_full_name(made, record_name()).dump();
    }
    ASSIGN_OR_RETURN(const avro::Schema schema, avro::Schema::parse(written.schema));
    ASSIGN_OR_RETURN(written.fields, avro::plan_write(schema, columns));
    written.record_name = schema.node(schema.root()).name;
    return written;
  }

  // A record is its fields, one behind the other: what is written is a record of one field, whose
  // type is the schema.
  Result<Written> plan_bare(TypedColumn column) const {
    Written written;
    written.schema = options_.schema;
    if (written.schema.empty()) {
      ASSIGN_OR_RETURN(const std::string name, own_name(record_name()));
      ASSIGN_OR_RETURN(Json made, SchemaMaker().bare_key(column, name));
      if (made.is_object() && made["type"] == "record") made = with_full_name(made, record_name());
      written.schema = made.dump();
    }
    ASSIGN_OR_RETURN(const avro::Schema own, avro::Schema::parse(written.schema));
    const avro::Node& root = own.node(own.root());
    if (root.type == avro::Type::kRecord) written.record_name = root.name;
    if (!is_avro_name(column.name)) column.name = "value";
    const Json field{{"name", column.name}, {"type", Json::parse(written.schema)}};
    const Json around{{"type", "record"}, {"name", "_around"}, {"fields", Json::array({field})}};
    ASSIGN_OR_RETURN(const avro::Schema schema, avro::Schema::parse(around.dump()));
    written.columns.push_back(std::move(column));
    ASSIGN_OR_RETURN(written.fields, avro::plan_write(schema, written.columns));
    return written;
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

Status check_avro_record(const std::string& schema) {
  ASSIGN_OR_RETURN(const avro::Schema parsed, avro::Schema::parse(schema));
  const avro::Type type = parsed.node(parsed.root()).type;
  if (type == avro::Type::kRecord) return ok_status();
  return invalid_argument("it is no record, but of type " + std::string(avro::to_string(type)));
}

Status check_avro_schema(const std::string& schema) { return avro::Schema::parse(schema).status(); }

Result<std::string> avro_schema(const std::vector<TypedColumn>& columns,
                                const std::string& record_name) {
  ASSIGN_OR_RETURN(const std::string name, own_name(record_name));
  ASSIGN_OR_RETURN(const Json schema, SchemaMaker().record(columns, name));
  return with_full_name(schema, record_name).dump();
}

std::unique_ptr<Encoding> make_avro_encoding(AvroEncodingOptions options) {
  return std::make_unique<AvroEncoding>(std::move(options));
}

}  // namespace lakeward::format
