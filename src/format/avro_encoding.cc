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

// ---- the encoder --------------------------------------------------------------------------------

class AvroEncoder final : public Encoder {
 public:
  AvroEncoder(std::vector<TypedColumn> columns, std::vector<avro::WriteField> fields,
              std::string header)
      : columns_(std::move(columns)), fields_(std::move(fields)), header_(std::move(header)) {}

  Status encode(std::span<const VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == columns_.size(), "an encoder is given the columns it was made for");
    out.clear();
    avro::RowWriter writer(fields_, columns_, columns);
    for (size_t row = 0; row < rows; ++row) {
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
};

class AvroEncoding final : public Encoding {
 public:
  explicit AvroEncoding(AvroEncodingOptions options) : options_(std::move(options)) {}

  Status check(const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(const Written written, plan(columns));
    return ok_status();
  }

  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(Written written, plan(columns));
    const std::string& schema = written.schema;
    std::string header;
    if (options_.registrar != nullptr) {
      const std::string subject = subject_of(options_, written.record_name);
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
    return std::unique_ptr<Encoder>(
        std::make_unique<AvroEncoder>(columns, std::move(written.fields), std::move(header)));
  }

  Result<std::string> reach() const override {
    if (options_.registrar == nullptr) return std::string();
    RETURN_IF_ERROR(options_.registrar->reach());
    return options_.registrar->name();
  }

 private:
  struct Written {
    std::string schema;
    std::string record_name;
    std::vector<avro::WriteField> fields;
  };

  // By the given schema, or one that is made of the columns.
  Result<Written> plan(const std::vector<TypedColumn>& columns) const {
    Written written;
    written.schema = options_.schema;
    if (written.schema.empty()) {
      const std::string name =
          options_.record_name.empty() ? default_name(options_.topic) : options_.record_name;
      ASSIGN_OR_RETURN(written.schema, avro_schema(columns, name));
    }
    ASSIGN_OR_RETURN(const avro::Schema schema, avro::Schema::parse(written.schema));
    ASSIGN_OR_RETURN(written.fields, avro::plan_write(schema, columns));
    written.record_name = schema.node(schema.root()).name;
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
