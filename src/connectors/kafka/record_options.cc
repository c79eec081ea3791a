#include "connectors/kafka/record_options.h"

#include <algorithm>

#include "base/suggest.h"
#include "connectors/kafka/connection.h"

namespace lakeward::connectors::kafka {

using config::Problems;
using config::Value;
using engine::ColumnType;
using engine::TypedColumn;

namespace {

bool is_text(const Value& value) { return value.is_scalar() && !value.text().empty(); }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The columns of these names, in this order; those that there are.
std::vector<TypedColumn> select(const std::vector<TypedColumn>& rows,
                                const std::vector<std::string>& names) {
  std::vector<TypedColumn> columns;
  for (const std::string& name : names) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const auto& column) { return column.name == name; });
    if (found != rows.end()) columns.push_back(*found);
  }
  return columns;
}

// What encode() would refuse only when the first rows come.
void check_encoding(const Encode& encode, const Encoded& what, const config::Location& place,
                    const std::vector<TypedColumn>& columns, Problems& problems) {
  // A raw key is cast to text.
  if (what.is_key && encode.format == PayloadFormat::kRaw) return;
  const auto encoding = make_encoding(encode, what, nullptr);
  const Status sound = encoding.ok() ? (*encoding)->check(columns) : encoding.status();
  if (!sound.ok()) problems.push_back({place, sound.message()});
}

bool is_whole_number(const ColumnType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_UHUGEINT:
      return true;
    default:
      return false;
  }
}

bool is_moment(const ColumnType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return true;
    default:
      return false;
  }
}

// Whether every value of it is a BIGINT.
bool fits_bigint(const ColumnType& type) {
  return is_whole_number(type) && type.id != DUCKDB_TYPE_UBIGINT &&
         type.id != DUCKDB_TYPE_HUGEINT && type.id != DUCKDB_TYPE_UHUGEINT;
}

bool holds_headers(const ColumnType& type) {
  if (type.id == DUCKDB_TYPE_VARCHAR) return true;  // JSON's, too
  return type.id == DUCKDB_TYPE_MAP && type.children[0].type.id == DUCKDB_TYPE_VARCHAR &&
         (type.children[1].type.id == DUCKDB_TYPE_VARCHAR ||
          type.children[1].type.id == DUCKDB_TYPE_BLOB);
}

// Whether anything in the options is not known yet, so that only its absence could be reported.
bool is_known(const Encode& encode) { return !encode.schema.schema.is_unresolved(); }

}  // namespace

Status check_use(const std::string& option, const TypedColumn& column) {
  const auto refuse = [&](const char* why) {
    return invalid_argument("the column '" + column.name + "' of '" + option + "' " + why +
                            "; cast it in the transform");
  };
  const ColumnType& type = column.type;
  if (option == "partition" && !is_whole_number(type)) return refuse("is no whole number");
  if (option == "timestamp" && !is_moment(type) && !fits_bigint(type)) {
    return refuse("is no TIMESTAMP, and no BIGINT of milliseconds since 1970");
  }
  if (option == "headers" && !holds_headers(type)) {
    return refuse("must be a MAP(VARCHAR, VARCHAR), a MAP(VARCHAR, BLOB), or JSON");
  }
  return ok_status();
}

Status check_only_value(const std::vector<std::string>& columns) {
  if (columns.size() == 1) return ok_status();
  return invalid_argument("'encode: raw' needs to know which of " + std::to_string(columns.size()) +
                          " columns is the value: encode: {raw: COLUMN}");
}

Key parse_key(const Value& value, Problems& problems) {
  Key key;
  if (value.is_null() || value.is_unresolved()) return key;
  if (value.is_scalar()) {
    if (!value.text().empty()) key.columns.push_back(value.text());
    return key;
  }
  key.is_list = true;
  const bool is_list = !value.is_map() && !value.list().empty();
  if (is_list) {
    for (const Value& column : value.list()) {
      if (is_text(column)) key.columns.push_back(column.text());
    }
  }
  if (!is_list || key.columns.size() != value.list().size()) {
    problems.push_back({value.location(), "'key' must be a column, or a list of columns"});
  }
  return key;
}

Headers parse_headers(const Value& value, Problems& problems) {
  Headers headers;
  if (value.is_null() || value.is_unresolved()) return headers;
  if (is_text(value)) {
    headers.column = value.text();
    return headers;
  }
  if (!value.is_map()) {
    problems.push_back(
        {value.location(), "'headers' must be a column, or a map of headers to columns"});
    return headers;
  }
  for (const Value::Entry& entry : value.map()) {
    if (is_text(entry.value) && entry.key == "*") {
      headers.column = entry.value.text();
    } else if (is_text(entry.value)) {
      headers.columns.emplace_back(entry.key, entry.value.text());
    } else if (!entry.value.is_unresolved()) {
      problems.push_back({entry.key_location, "the header '" + entry.key + "' must name a column"});
    }
  }
  return headers;
}

std::vector<std::string> columns_of_other_use(const RecordOptions& options) {
  Problems ignored;
  std::vector<std::string> names = parse_key(options.key, ignored).columns;
  const Headers headers = parse_headers(options.headers, ignored);
  names.insert(names.end(), {options.partition, headers.column});
  for (const auto& [header, column] : headers.columns) names.push_back(column);
  return names;
}

void check_record_options(const RecordOptions& options, const Value& block, Problems& problems) {
  const Encode encode = parse_encode(options.encode, problems);
  if (encode.format == PayloadFormat::kRaw && !options.exclude.empty()) {
    problems.push_back({place_of(block, "exclude"),
                        "'exclude' is of no use with 'encode: raw', whose value is one column"});
  }
  const Key key = parse_key(options.key, problems);
  const Encode encode_key = parse_encode_key(options.encode_key, problems);
  if (block.find("encode_key") != nullptr && block.find("key") == nullptr) {
    problems.push_back({place_of(block, "encode_key"), "'encode_key' needs a 'key'"});
  }
  if (key.columns.size() > 1 && encode_key.format == PayloadFormat::kRaw &&
      !options.encode_key.is_unresolved()) {
    problems.push_back({place_of(block, "key"),
                        "'key' names several columns; say how they become one: encode_key: json, "
                        "or {avro: {registry: NAME}}"});
  }
  parse_headers(options.headers, problems);
}

void check_record_columns(const RecordOptions& options, const std::string& topic,
                          const std::vector<std::pair<std::string, std::string>>& others,
                          const Value& block, const std::vector<TypedColumn>& rows,
                          Problems& problems) {
  Problems known;  // of the options themselves
  const size_t before = problems.size();
  std::vector<std::string> names;
  for (const TypedColumn& column : rows) names.push_back(column.name);
  const auto need = [&](const std::string& option, const std::string& column) {
    if (column.empty() || contains(names, column)) return;
    problems.push_back({place_of(block, option), "'" + option + "' names a column '" + column +
                                                     "' that the result does not have" +
                                                     suggestion(column, names)});
  };
  const Key key = parse_key(options.key, known);
  for (const std::string& column : key.columns) need("key", column);
  need("partition", options.partition);
  for (const auto& [option, column] : others) need(option, column);
  for (const std::string& column : options.exclude) need("exclude", column);
  const Encode encode = parse_encode(options.encode, known);
  need("encode", encode.column);
  const Headers headers = parse_headers(options.headers, known);
  need("headers", headers.column);
  for (const auto& [header, column] : headers.columns) need("headers", column);
  const Encode encode_key = parse_encode_key(options.encode_key, known);
  if (problems.size() > before || !known.empty()) return;

  const auto check = [&](const std::string& option, const std::string& column) {
    for (const TypedColumn& one : select(rows, {column})) {
      const Status fits = check_use(option, one);
      if (!fits.ok()) problems.push_back({place_of(block, option), fits.message()});
    }
  };
  check("partition", options.partition);
  check("headers", headers.column);
  for (const auto& [option, column] : others) check(option, column);
  if (encode.format == PayloadFormat::kRaw && encode.column.empty()) {
    std::vector<std::string> used = columns_of_other_use(options);
    for (const auto& [option, column] : others) used.push_back(column);
    std::erase_if(names, [&](const auto& name) { return contains(used, name); });
    if (const Status one = check_only_value(names); !one.ok()) {
      problems.push_back({place_of(block, "encode"), one.message()});
    } else {
      check_encoding(encode, {.topic = topic}, place_of(block, "encode"), select(rows, names),
                     problems);
    }
  } else if (encode.format != PayloadFormat::kRaw && is_known(encode)) {
    std::erase_if(names, [&](const auto& name) { return contains(options.exclude, name); });
    check_encoding(encode, {.topic = topic}, place_of(block, "encode"), select(rows, names),
                   problems);
  } else if (!encode.column.empty()) {
    check_encoding(encode, {.topic = topic}, place_of(block, "encode"),
                   select(rows, {encode.column}), problems);
  }
  if (key.columns.empty() || !is_known(encode_key)) return;
  check_encoding(encode_key, {.topic = topic, .is_key = true, .is_bare = !key.is_list},
                 place_of(block, "key"), select(rows, key.columns), problems);
}

Result<Encodings> make_encodings(const RecordOptions& options, const std::string& topic,
                                 const OpenRegistrar& open) {
  Problems problems;
  const Encode encode = parse_encode(options.encode, problems);
  const Key key = parse_key(options.key, problems);
  const Encode encode_key = parse_encode_key(options.encode_key, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  Encodings encodings;
  ASSIGN_OR_RETURN(encodings.value, make_encoding(encode, {.topic = topic}, open));
  if (key.columns.empty()) return encodings;
  ASSIGN_OR_RETURN(
      encodings.key,
      make_encoding(encode_key, {.topic = topic, .is_key = true, .is_bare = !key.is_list}, open));
  return encodings;
}

}  // namespace lakeward::connectors::kafka
