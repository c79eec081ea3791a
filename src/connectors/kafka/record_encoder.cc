#include "connectors/kafka/record_encoder.h"

#include <algorithm>
#include <span>

#include "base/suggest.h"
#include "base/units.h"
#include "engine/column_type.h"
#include "engine/sql_text.h"
#include "format/record_headers.h"

namespace lakeward::connectors::kafka {
namespace {

using engine::quote_identifier;

const engine::Column* find_column(const engine::Schema& rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const auto& column) { return column.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

Result<engine::Column> need_column(const engine::Schema& rows, const std::string& name,
                                   const char* use) {
  if (const engine::Column* column = find_column(rows, name)) return *column;
  std::vector<std::string> names;
  for (const engine::Column& column : rows) names.push_back(column.name);
  return invalid_argument("'" + std::string(use) + "' names the column '" + name +
                          "', which the rows do not have" + suggestion(name, names));
}

bool is_nested(const std::string& type) {
  return type.starts_with("STRUCT(") || type.starts_with("MAP(") || type.starts_with("UNION(") ||
         type.ends_with("]");
}

// As text, unless it is text or bytes already; what has parts, as JSON.
std::string as_text(const engine::Column& column) {
  const std::string name = quote_identifier(column.name);
  if (column.type == "VARCHAR" || column.type == "BLOB") return name;
  return "CAST(" + (is_nested(column.type) ? "to_json(" + name + ")" : name) + " AS VARCHAR)";
}

std::string as_it_is(const engine::Column& column) { return quote_identifier(column.name); }

// What an INTEGER cannot hold is no partition either: record() refuses it, with a better word.
std::string as_partition(const engine::Column& column) {
  const std::string name = quote_identifier(column.name);
  return "CAST(CASE WHEN " + name + " > 2147483647 THEN 2147483647 WHEN " + name +
         " < -2147483648 THEN -2147483648 ELSE " + name + " END AS INTEGER)";
}

// Of a time, or of a number of milliseconds already. Not by way of a time zone, which far times do
// not survive.
std::string as_milliseconds(const engine::Column& column) {
  const std::string name = quote_identifier(column.name);
  return column.type.ends_with("INT") || column.type == "INTEGER" || column.type == "UINTEGER"
             ? "CAST(" + name + " AS BIGINT)"
             : "epoch_ms(" + name + ")";
}

}  // namespace

Result<std::unique_ptr<RecordEncoder>> RecordEncoder::make(engine::Session& session,
                                                           const engine::Schema& rows,
                                                           const KafkaSinkOptions& options,
                                                           const Encodings& encodings) {
  config::Problems problems;  // of a declaration that is already checked
  const Encode encode = parse_encode(options.encode, problems);
  const Headers headers = parse_headers(options.headers, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  std::unique_ptr<RecordEncoder> encoder(new RecordEncoder());
  ASSIGN_OR_RETURN(const auto names, choose_values(rows, options, encode));
  engine::Schema values;
  for (const std::string& name : names) {
    values.push_back(*find_column(rows, name));
    encoder->columns_.push_back(quote_identifier(name));
  }
  encoder->value_.encoding = encodings.value;
  RETURN_IF_ERROR(encoder->add_part(session, values, encoder->value_));
  if (encodings.key != nullptr) {
    encoder->key_.encoding = encodings.key;
    RETURN_IF_ERROR(encoder->add_key(session, rows, options));
  }
  if (!options.partition.empty()) {
    ASSIGN_OR_RETURN(encoder->partition_, encoder->add_column(session, rows, options.partition,
                                                              "partition", as_partition));
  }
  if (!options.timestamp.empty()) {
    ASSIGN_OR_RETURN(encoder->timestamp_, encoder->add_column(session, rows, options.timestamp,
                                                              "timestamp", as_milliseconds));
  }
  RETURN_IF_ERROR(encoder->add_headers(session, rows, headers));
  encoder->partition_name_ = options.partition;
  return encoder;
}

Status RecordEncoder::add_part(engine::Session& session, const engine::Schema& columns,
                               Part& part) {
  part.first = columns_.size() - columns.size();
  ASSIGN_OR_RETURN(part.types, engine::resolve_types(session, columns));
  return part.encoding->check(part.types);
}

Status RecordEncoder::add_key(engine::Session& session, const engine::Schema& rows,
                              const KafkaSinkOptions& options) {
  config::Problems ignored;
  const bool is_raw = parse_encode_key(options.encode_key, ignored).format == PayloadFormat::kRaw;
  engine::Schema columns;
  for (const std::string& name : parse_key(options.key, ignored).columns) {
    ASSIGN_OR_RETURN(engine::Column column, need_column(rows, name, "key"));
    columns_.push_back((is_raw ? as_text(column) : quote_identifier(name)) + " AS " +
                       quote_identifier(name));
    if (is_raw && column.type != "BLOB") column.type = "VARCHAR";
    columns.push_back(std::move(column));
  }
  return add_part(session, columns, key_);
}

// The names of the value's columns.
Result<std::vector<std::string>> RecordEncoder::choose_values(const engine::Schema& rows,
                                                              const KafkaSinkOptions& options,
                                                              const Encode& encode) {
  for (const std::string& name : options.exclude) {
    RETURN_IF_ERROR(need_column(rows, name, "exclude").status());
  }
  if (!encode.column.empty()) {
    RETURN_IF_ERROR(need_column(rows, encode.column, "raw").status());
    return std::vector{encode.column};
  }
  std::vector<std::string> left_out = options.exclude;
  if (encode.format == PayloadFormat::kRaw) {
    for (std::string& name : columns_of_other_use(options)) left_out.push_back(std::move(name));
    left_out.push_back(options.timestamp);
  }
  std::vector<std::string> names;
  for (const engine::Column& column : rows) {
    if (std::find(left_out.begin(), left_out.end(), column.name) == left_out.end()) {
      names.push_back(column.name);
    }
  }
  if (encode.format == PayloadFormat::kRaw) RETURN_IF_ERROR(check_only_value(names));
  if (names.empty()) return invalid_argument("'exclude' leaves no column for the value");
  return names;
}

Result<size_t> RecordEncoder::add_column(engine::Session& session, const engine::Schema& rows,
                                         const std::string& name, const char* use,
                                         std::string (*as_sql)(const engine::Column& column)) {
  ASSIGN_OR_RETURN(const engine::Column column, need_column(rows, name, use));
  ASSIGN_OR_RETURN(const auto types, engine::resolve_types(session, {column}));
  RETURN_IF_ERROR(check_use(use, types.front()));
  columns_.push_back(as_sql(column));
  return columns_.size() - 1;
}

Status RecordEncoder::add_headers(engine::Session& session, const engine::Schema& rows,
                                  const Headers& headers) {
  for (const auto& [header, name] : headers.columns) {
    ASSIGN_OR_RETURN(const engine::Column column, need_column(rows, name, "headers"));
    header_columns_.emplace_back(header, columns_.size());
    columns_.push_back(as_text(column));
  }
  if (headers.column.empty()) return ok_status();
  ASSIGN_OR_RETURN(all_headers_, add_column(session, rows, headers.column, "headers", as_it_is));
  headers_are_json_ = !find_column(rows, headers.column)->type.starts_with("MAP");
  headers_name_ = headers.column;
  return ok_status();
}

Status RecordEncoder::open() {
  for (Part* part : {&value_, &key_}) {
    if (part->encoder != nullptr || part->encoding == nullptr) continue;
    ASSIGN_OR_RETURN(part->encoder, part->encoding->make_encoder(part->types));
  }
  return ok_status();
}

std::string RecordEncoder::select(const std::string& rows) const {
  std::string sql;
  for (const std::string& column : columns_) sql += (sql.empty() ? "SELECT " : ", ") + column;
  return sql + " FROM (" + rows + "\n) AS rows_of_epoch";
}

bool RecordEncoder::fits(const std::vector<engine::TypedColumn>& selected) const {
  if (selected.size() != columns_.size()) return false;
  for (const Part* part : {&value_, &key_}) {
    const auto first = selected.begin() + static_cast<std::ptrdiff_t>(part->first);
    if (!std::equal(part->types.begin(), part->types.end(), first)) return false;
  }
  return true;
}

Status RecordEncoder::load(const engine::Chunk& chunk) {
  CHECK(value_.encoder != nullptr, "open() comes before load()");
  views_.clear();
  for (size_t i = 0; i < columns_.size(); ++i) views_.push_back(chunk.column(i));
  for (Part* part : {&value_, &key_}) {
    if (part->encoder == nullptr) continue;
    const auto columns = std::span(views_).subspan(part->first, part->types.size());
    RETURN_IF_ERROR(part->encoder->encode(columns, chunk.rows(), part->payloads));
  }
  return ok_status();
}

Result<OutgoingRecord> RecordEncoder::record(size_t row, int32_t partitions) {
  OutgoingRecord record;
  if (!value_.payloads.is_null(row)) record.value = value_.payloads[row];
  if (key_.encoder != nullptr && !key_.payloads.is_null(row)) record.key = key_.payloads[row];
  if (timestamp_ && !views_[*timestamp_].is_null(row)) {
    record.timestamp_ms = views_[*timestamp_].get<int64_t>(row);
  }
  if (partition_ && !views_[*partition_].is_null(row)) {
    record.partition = views_[*partition_].get<int32_t>(row);
    if (*record.partition < 0 || *record.partition >= partitions) {
      return invalid_argument("kafka: the column '" + partition_name_ + "' says partition " +
                              std::to_string(*record.partition) + ", but the topic has " +
                              std::to_string(partitions) + ", which count from 0");
    }
  }
  if (all_headers_ || !header_columns_.empty()) RETURN_IF_ERROR(read_headers(row));
  record.headers = headers_;
  return record;
}

Status RecordEncoder::read_headers(size_t row) {
  headers_.clear();
  if (all_headers_ && !views_[*all_headers_].is_null(row)) {
    const engine::VectorView& column = views_[*all_headers_];
    if (headers_are_json_) {
      RETURN_IF_ERROR(read_json_headers(column.string(row)));
    } else {
      read_map_headers(column, row);
    }
  }
  for (const auto& [header, place] : header_columns_) {
    const engine::VectorView& column = views_[place];
    if (!column.is_null(row)) headers_.emplace_back(header, column.string(row));
  }
  return ok_status();
}

void RecordEncoder::read_map_headers(const engine::VectorView& column, size_t row) {
  const engine::VectorView entries = column.list_child();
  const engine::VectorView keys = entries.struct_child(0);
  const engine::VectorView values = entries.struct_child(1);
  const duckdb_list_entry entry = column.list_entry(row);
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    headers_.emplace_back(keys.string(i),
                          values.is_null(i) ? std::nullopt : std::optional(values.string(i)));
  }
}

Status RecordEncoder::read_json_headers(std::string_view text) {
  std::optional<std::string> packed = format::pack_headers_json(text);
  if (!packed) {
    return invalid_argument(
        "kafka: the column '" + headers_name_ +
        "' of 'headers' holds what is no JSON object: " + std::string(text.substr(0, 100)));
  }
  packed_ = std::move(*packed);
  const auto headers = format::unpack_headers(packed_);
  CHECK(headers.has_value(), "what was packed can be unpacked");
  for (const format::Header& header : *headers) headers_.emplace_back(header.name, header.value);
  return ok_status();
}

}  // namespace lakeward::connectors::kafka
