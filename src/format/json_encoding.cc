#include "format/json_encoding.h"

#include <utility>
#include <vector>

#include "format/json_encoder.h"
#include "format/json_schema.h"

namespace lakeward::format {
namespace {

using engine::TypedColumn;

class JsonEncoding final : public Encoding {
 public:
  explicit JsonEncoding(JsonEncodingOptions options) : options_(std::move(options)) {}

  Status check(const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(const Written written, plan(columns));
    return options_.has_schema ? check_subject(options_, written.title) : ok_status();
  }

  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<TypedColumn>& columns) const override {
    ASSIGN_OR_RETURN(Written written, plan(columns));
    if (options_.has_schema) {
      ASSIGN_OR_RETURN(
          written.writing.header,
          register_schema(options_, {.type = "JSON", .text = written.schema}, written.title));
    }
    return make_json_encoder(columns, std::move(written.writing));
  }

  Result<std::string> reach() const override { return reach_registry(options_); }

 private:
  struct Written {
    std::string schema;
    std::string title;  // empty if there is none
    JsonWriting writing;
  };

  Result<Written> plan(const std::vector<TypedColumn>& columns) const {
    if (columns.empty()) return invalid_argument("there is no column to write as JSON");
    RETURN_IF_ERROR(check_json_columns(columns));
    Written written;
    JsonWriting& writing = written.writing;
    writing.is_key = options_.is_key;
    writing.is_bare = options_.is_bare;
    if (!options_.has_schema) return written;
    writing.only_finite = true;
    if (!options_.schema.empty()) {
      RETURN_IF_ERROR(plan_given(columns, written));
      return written;
    }
    if (options_.is_bare) {
      written.schema = bare_json_schema(columns[0]);
      return written;
    }
    written.title =
        options_.record_name.empty() ? default_record_name(options_) : options_.record_name;
    written.schema = json_schema(columns, written.title, options_.is_key);
    if (options_.is_key) writing.nulls.assign(columns.size(), JsonNull::kRefused);
    return written;
  }

  Status plan_given(const std::vector<TypedColumn>& columns, Written& written) const {
    written.schema = options_.schema;
    ASSIGN_OR_RETURN(const GivenJsonSchema given, read_json_schema(written.schema));
    written.title = given.title;
    const duckdb_type first = columns[0].type.id;
    const bool is_whole = first == DUCKDB_TYPE_STRUCT || first == DUCKDB_TYPE_MAP;
    if (options_.is_bare && (!given.is_object || is_whole)) {
      return check_json_write(written.schema, columns[0]);
    }
    written.writing.is_bare = false;
    ASSIGN_OR_RETURN(written.writing.nulls, plan_json_write(written.schema, columns));
    return ok_status();
  }

  const JsonEncodingOptions options_;
};

}  // namespace

std::unique_ptr<Encoding> make_json_encoding(JsonEncodingOptions options) {
  return std::make_unique<JsonEncoding>(std::move(options));
}

}  // namespace lakeward::format
