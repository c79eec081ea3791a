#include "stream/epoch_input.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "engine/sql_text.h"
#include "stream/position_table.h"
#include "stream/utf8.h"

namespace lakeward::stream {
namespace {

using engine::quote_identifier;
using engine::quote_literal;

constexpr const char* kRecordsTable = "lakeward_records";
constexpr const char* kDecodedTable = "lakeward_decoded";
constexpr const char* kStagedTable = "temp.lakeward_staged";
constexpr const char* kWantedTable = "lakeward_wanted";
constexpr const char* kKeptTable = "temp.lakeward_kept";

// The clocks of DuckDB, all in terms of lakeward_epoch_time().
constexpr const char* kClockMacros[][2] = {
    {"now()", "lakeward_epoch_time()"},
    {"current_timestamp()", "lakeward_epoch_time()"},
    {"get_current_timestamp()", "lakeward_epoch_time()"},
    {"transaction_timestamp()", "lakeward_epoch_time()"},
    {"current_date()", "CAST(lakeward_epoch_time() AS DATE)"},
    {"today()", "CAST(lakeward_epoch_time() AS DATE)"},
    {"current_time()", "CAST(lakeward_epoch_time() AS TIMETZ)"},
    {"get_current_time()", "CAST(lakeward_epoch_time() AS TIMETZ)"},
    {"current_localtimestamp()", "CAST(lakeward_epoch_time() AS TIMESTAMP)"},
    {"localtimestamp()", "CAST(lakeward_epoch_time() AS TIMESTAMP)"},
    {"current_localtime()", "CAST(lakeward_epoch_time() AS TIME)"},
    {"localtime()", "CAST(lakeward_epoch_time() AS TIME)"},
};

bool has_column(const engine::Schema& schema, std::string_view name) {
  return std::any_of(schema.begin(), schema.end(),
                     [&](const engine::Column& column) { return equal_names(column.name, name); });
}

// The epoch's constants, unless the input has columns of these names itself.
std::string constant_columns(const engine::Schema& own) {
  std::string text;
  if (!has_column(own, kIngestTimeColumn)) text += ", lakeward_epoch_time() AS _ingest_time";
  if (!has_column(own, kEpochColumn)) text += ", lakeward_epoch() AS _epoch";
  return text;
}

std::vector<std::string> hidden_constants(const engine::Schema& own) {
  std::vector<std::string> hidden;
  for (const std::string_view name : {kIngestTimeColumn, kEpochColumn}) {
    if (!has_column(own, name)) hidden.emplace_back(name);
  }
  return hidden;
}

bool is_nested(const std::string& type) {
  return type.ends_with("]") || type.starts_with("STRUCT(") || type.starts_with("MAP(") ||
         type.starts_with("UNION(");
}

// The decoded text of a column as its declared type, NULL if it is not one.
std::string cast_text(const std::string& column, const engine::Column& declared) {
  const std::string quoted = quote_identifier(column);
  return "TRY_CAST(" + (is_nested(declared.type) ? "TRY_CAST(" + quoted + " AS JSON)" : quoted) +
         " AS " + declared.type + ")";
}

// Where the rows of a relation are, in terms of their positions.
std::string place_columns(const std::vector<std::string>& files) {
  if (files.empty()) return "NULL::BIGINT AS _offset, NULL::VARCHAR AS _file";
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "" : ", ") + quote_literal(file);
  const std::string bits = std::to_string(format::Position::kPlaceBits);
  const std::string mask = std::to_string(format::Position::kPlaceMask);
  return "(_position & " + mask + "::UBIGINT)::BIGINT AS _offset, ([" + list + "])[(_position >> " +
         bits + ")::BIGINT + 1] AS _file";
}

}  // namespace

Status define_clocks(engine::Session& session) {
  RETURN_IF_ERROR(fix_epoch_time(session, Epoch{}));
  std::string sql;
  for (const auto& [name, meaning] : kClockMacros) {
    sql += std::string("CREATE OR REPLACE MACRO ") + name + " AS " + meaning + ";";
  }
  return session.execute(sql);
}

Status fix_epoch_time(engine::Session& session, const Epoch& epoch) {
  return session.execute("CREATE OR REPLACE MACRO lakeward_epoch_time() AS make_timestamptz(" +
                         std::to_string(epoch.time.micros) +
                         "::BIGINT); CREATE OR REPLACE MACRO lakeward_epoch() AS " +
                         std::to_string(epoch.id) + "::BIGINT;");
}

EpochInput::EpochInput(engine::Session& session, Source& source, const format::Format* format)
    : session_(session), source_(source), format_(format) {
  if (format_ == nullptr) return;
  table_ = std::make_unique<RecordTable>(source_, format_);
  const engine::Schema& decoded = format_->decoded();
  const engine::Schema& declared = format_->declared();
  CHECK(decoded.size() == declared.size(), "a format decodes what it declares");
  for (size_t i = decoded.size(); i < table_->schema().size(); ++i) {
    hidden_.push_back(table_->schema()[i].name);
  }
  for (std::string& name : hidden_constants(declared)) hidden_.push_back(std::move(name));
  for (size_t i = 0; i < decoded.size(); ++i) has_casts_ |= decoded[i].type != declared[i].type;
  has_casts_ &= format_->on_malformed() != format::OnMalformed::kNull;
  if (has_casts_) hidden_.emplace_back(kUncastColumn);
}

void EpochInput::keep_order() {
  if (table_ != nullptr) table_->keep_order();
}

void EpochInput::stop_by(const std::stop_token& stop) {
  if (table_ != nullptr) table_->stop_by(stop);
}

RecordCapture* EpochInput::capture_refused() {
  if (table_ == nullptr) return nullptr;
  table_->capture_into(capture_);
  return &capture_;
}

Status EpochInput::define_record_view() {
  if (defined_) return ok_status();
  RETURN_IF_ERROR(session_.define_relation(kDecodedTable, *table_));
  const engine::Schema& decoded = format_->decoded();
  const engine::Schema& declared = format_->declared();
  std::string columns;
  std::string uncast;
  for (size_t i = 0; i < table_->schema().size(); ++i) {
    const std::string& name = table_->schema()[i].name;
    columns += columns.empty() ? "" : ", ";
    if (i >= decoded.size() || decoded[i].type == declared[i].type) {
      columns += quote_identifier(name);
      continue;
    }
    const std::string cast = cast_text(name, declared[i]);
    columns += cast + " AS " + quote_identifier(name);
    uncast += (uncast.empty() ? "" : " ") + std::string("WHEN ") + quote_identifier(name) +
              " IS NOT NULL AND " + cast + " IS NULL THEN " + quote_literal("'" + name + "': ") +
              " || left(" + quote_identifier(name) + ", 100) || " +
              quote_literal(" is not a " + declared[i].type);
  }
  if (has_casts_) columns += ", CASE " + uncast + " END AS " + std::string(kUncastColumn);
  defined_ = true;
  RETURN_IF_ERROR(session_.define_view(
      "lakeward_cast",
      "SELECT " + columns + constant_columns(declared) + " FROM " + kDecodedTable));
  return session_.define_view("input", "SELECT * FROM lakeward_cast");
}

void EpochInput::stage_casts(const std::string& transform) {
  staged_ = has_casts_;
  constexpr std::string_view kWord = "_bytes";
  const auto found =
      std::search(transform.begin(), transform.end(), kWord.begin(), kWord.end(),
                  [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  stages_bytes_ = found != transform.end();
}

Status EpochInput::stage_rows() {
  std::string left_out;
  for (const std::string_view bytes : {"_raw_bytes", "_key_bytes"}) {
    if (stages_bytes_ || has_column(format_->declared(), bytes)) continue;
    left_out += (left_out.empty() ? "* REPLACE (" : ", ") + std::string("NULL::BLOB AS ") +
                std::string(bytes);
  }
  const std::string columns = left_out.empty() ? "*" : left_out + ")";
  RETURN_IF_ERROR(session_.execute(std::string("CREATE OR REPLACE TEMP TABLE lakeward_staged AS ") +
                                   "SELECT " + columns + " FROM lakeward_cast"));
  ASSIGN_OR_RETURN(const engine::Rows rows,
                   session_.query(std::string("SELECT _position, _uncast FROM ") + kStagedTable +
                                  " WHERE _uncast IS NOT NULL"));
  uncast_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    uncast_.emplace(static_cast<uint64_t>(rows.integer(i, 0)), rows.text(i, 1));
  }
  if (!uncast_.empty() && format_->on_malformed() == format::OnMalformed::kFail) {
    return expectation_failed(uncast_.begin()->second + " (decode says on_malformed: fail)");
  }
  return session_.define_view(
      "input", std::string("SELECT * FROM ") + kStagedTable + " WHERE _uncast IS NULL");
}

Result<bool> EpochInput::define_relation_view(const std::string& select) {
  relation_ = select;
  ASSIGN_OR_RETURN(engine::Schema schema, session_.describe(select + "\n"));
  if (schema.empty() || schema[0] != engine::Column{std::string(kPositionColumn), "UBIGINT"}) {
    return internal_error("an input relation does not begin with _position UBIGINT");
  }
  schema.erase(schema.begin());
  const bool changed = !defined_ || schema != relation_schema_;
  relation_schema_ = std::move(schema);
  hidden_ = hidden_constants(relation_schema_);
  hidden_.emplace_back(kPositionColumn);
  defined_ = true;
  RETURN_IF_ERROR(session_.define_view(
      "input", "SELECT *" + constant_columns(relation_schema_) + " FROM (" + select + "\n)"));
  return changed;
}

Result<bool> EpochInput::define_empty() {
  if (table_ != nullptr) {
    RETURN_IF_ERROR(define_record_view());
    return true;
  }
  ASSIGN_OR_RETURN(const std::optional<engine::Schema> schema, source_.relation_schema());
  if (!schema) return false;
  std::string columns = "NULL::UBIGINT AS _position";
  for (const engine::Column& column : *schema) {
    columns += ", NULL::" + column.type + " AS " + quote_identifier(column.name);
  }
  ASSIGN_OR_RETURN([[maybe_unused]] const bool changed,
                   define_relation_view("SELECT " + columns + " WHERE false"));
  return true;
}

Result<bool> EpochInput::define(const OffsetRange& range) {
  range_ = range;
  if (table_ != nullptr) {
    const bool first = !defined_;
    capture_.reset();
    table_->set_range(range);
    RETURN_IF_ERROR(define_record_view());
    if (staged_) RETURN_IF_ERROR(stage_rows());
    return first;
  }
  if (kept_) {
    RETURN_IF_ERROR(session_.execute(std::string("DROP TABLE IF EXISTS ") + kKeptTable));
    kept_ = false;
  }
  ReadRequest request;
  request.range = range;
  ASSIGN_OR_RETURN(const Input input, source_.read(request));
  const auto* relation = std::get_if<InputRelation>(&input);
  if (relation == nullptr) {
    return invalid_argument("this source yields records: the pipeline needs a 'decode:'");
  }
  return define_relation_view(relation->select);
}

Status EpochInput::define_records(const std::vector<uint64_t>& positions, bool restrict_input) {
  CHECK(!positions.empty());
  only_ = positions;
  if (table_ != nullptr) {
    if (records_ == nullptr) records_ = std::make_unique<RecordTable>(source_, nullptr);
    const bool captured = capture_.has(only_);
    const auto restrict = [&](RecordTable& table) {
      captured ? table.set_captured(capture_, only_) : table.set_range(range_, only_);
    };
    if (restrict_input) restrict(*table_);
    restrict(*records_);
    return session_.define_relation(kRecordsTable, *records_);
  }
  CHECK(restrict_input, "rows of a relation are read again only by their positions");
  return define_relation_records();
}

// The few rows are kept in a temporary table, as they are used twice: to be refused again, and as
// records.
Status EpochInput::define_relation_records() {
  ReadRequest request;
  request.range = range_;
  request.only = only_;
  ASSIGN_OR_RETURN(const Input input, source_.read(request));
  const auto* relation = std::get_if<InputRelation>(&input);
  CHECK(relation != nullptr, "a source yields either relations or records");
  PositionTable wanted(only_);
  RETURN_IF_ERROR(session_.define_relation(kWantedTable, wanted));
  kept_ = true;
  RETURN_IF_ERROR(session_.execute(
      "CREATE OR REPLACE TEMP TABLE lakeward_kept AS SELECT * FROM (" + relation->select +
      "\n) WHERE _position IN (SELECT position FROM " + kWantedTable + ")"));
  ASSIGN_OR_RETURN([[maybe_unused]] const bool changed,
                   define_relation_view(std::string("SELECT * FROM ") + kKeptTable));
  std::string row;
  for (const engine::Column& column : relation_schema_) {
    row += (row.empty() ? "" : ", ") + quote_literal(column.name) + ": " +
           quote_identifier(column.name);
  }
  // The row as JSON stands for the bytes, so that a replay can bring it in.
  return session_.define_view(
      kRecordsTable,
      "SELECT NULL::VARCHAR AS _key, NULL::BLOB AS _key_bytes, NULL::TIMESTAMPTZ AS _timestamp, "
      "NULL::VARCHAR AS _headers, NULL::VARCHAR AS _topic, NULL::INTEGER AS _partition, " +
          place_columns(relation->files) + ", NULL::BIGINT AS _line, encode(CAST(to_json({" + row +
          "}) AS VARCHAR)) AS _raw_bytes, CAST(to_json({" + row +
          "}) AS VARCHAR) AS _raw, _position FROM input");
}

Status EpochInput::finish_reading() {
  if (table_ == nullptr || table_->read_to_end()) return ok_status();
  return session_.query(std::string("SELECT count(*) FROM ") + kDecodedTable).status();
}

Result<ReadTally> EpochInput::tally() {
  if (table_ != nullptr) {
    ASSIGN_OR_RETURN(ReadTally records, table_->tally());
    records.malformed.insert(uncast_.begin(), uncast_.end());
    return records;
  }
  ReadTally tally;
  ASSIGN_OR_RETURN(const engine::Rows rows,
                   session_.query("SELECT count(*) FROM (" + relation_ + "\n)"));
  tally.records = static_cast<uint64_t>(rows.integer(0, 0));
  return tally;
}

Status EpochInput::check_records(size_t expected) {
  uint64_t found = 0;
  if (records_ != nullptr) {
    ASSIGN_OR_RETURN(const ReadTally tally, records_->tally());
    found = tally.records;
  } else {
    ASSIGN_OR_RETURN(const ReadTally tally, this->tally());
    found = tally.records;
  }
  if (found == expected) return ok_status();
  return internal_error("of " + std::to_string(expected) + " rejected records, the source gave " +
                        std::to_string(found) + " when they were read again");
}

}  // namespace lakeward::stream
