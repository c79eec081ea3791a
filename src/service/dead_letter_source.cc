#include "service/dead_letter_source.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "engine/session.h"
#include "engine/sql_text.h"
#include "format/record_headers.h"
#include "stream/dead_letters.h"
#include "stream/position_table.h"

namespace lakeward::service {
namespace {

// The columns that LetterStream reads, by number.
enum LetterColumn : size_t {
  kPosition,
  kRaw,
  kKey,
  kTopic,
  kPartition,
  kOffset,
  kFile,
  kLine,
  kTimestamp,
  kHeaders
};

std::string letter_select(const std::string& relation) {
  return "SELECT _position, raw, coalesce(key_bytes, encode(\"key\")), topic, \"partition\", "
         "\"offset\", file, line, \"timestamp\", headers FROM (" +
         relation + ") AS letters";
}

// The records of some dead letters that came from one split, file and topic.
struct LetterBatch {
  std::string bytes;  // all payloads, keys and headers, each payload followed by its padding
  std::vector<format::Record> records;
  std::vector<int64_t> offsets;
  std::vector<uint64_t> lines;
  std::vector<std::optional<std::string_view>> keys;
  std::vector<Timestamp> timestamps;
  std::vector<std::string_view> headers;
  format::Provenance provenance;
};

// One row of the chunk; views into it, but for the headers.
struct Letter {
  uint64_t position = 0;
  std::string_view raw = format::kNoPayload;
  std::optional<std::string_view> key;
  std::string_view topic;
  int32_t partition = 0;
  std::optional<int64_t> offset;
  std::string_view file;
  uint64_t line = 0;
  std::optional<Timestamp> timestamp;
  std::optional<std::string> headers;  // packed

  bool belongs_to(const format::Provenance& other) const {
    return format::Position::split(position) == other.split && topic == other.topic &&
           partition == other.partition && file == other.file &&
           headers.has_value() == other.has_headers;
  }
  // What of the batch's memory it takes.
  size_t bytes() const {
    return raw.size() + format::kPadding + key.value_or("").size() + headers.value_or("").size();
  }
};

// Without those that were added, which are the last ones of their names.
std::string own_headers(std::string_view json, const std::vector<std::string>& added) {
  const std::string packed = format::pack_headers_json(json).value_or("");
  std::vector<format::Header> headers =
      format::unpack_headers(packed).value_or(std::vector<format::Header>());
  for (const std::string& name : added) {
    const auto last = std::find_if(headers.rbegin(), headers.rend(),
                                   [&](const format::Header& one) { return one.name == name; });
    if (last != headers.rend()) headers.erase(std::next(last).base());
  }
  return format::pack_headers(headers);
}

Letter read_letter(const engine::Chunk& chunk, size_t row, const std::vector<std::string>& added) {
  const auto text = [&](LetterColumn column) {
    const engine::VectorView view = chunk.column(column);
    return view.is_null(row) ? std::optional<std::string_view>() : view.string(row);
  };
  Letter letter;
  letter.position = chunk.column(kPosition).get<uint64_t>(row);
  letter.raw = text(kRaw).value_or(format::kNoPayload);
  letter.key = text(kKey);
  letter.topic = text(kTopic).value_or("");
  letter.file = text(kFile).value_or("");
  const engine::VectorView partition = chunk.column(kPartition);
  if (!partition.is_null(row)) letter.partition = partition.get<int32_t>(row);
  const engine::VectorView offset = chunk.column(kOffset);
  if (!offset.is_null(row)) letter.offset = offset.get<int64_t>(row);
  const engine::VectorView line = chunk.column(kLine);
  if (!line.is_null(row)) letter.line = static_cast<uint64_t>(line.get<int64_t>(row));
  const engine::VectorView timestamp = chunk.column(kTimestamp);
  if (!timestamp.is_null(row)) letter.timestamp = Timestamp{timestamp.get<int64_t>(row)};
  if (const auto json = text(kHeaders)) letter.headers = own_headers(*json, added);
  return letter;
}

// The positions that are asked for, as a table.
struct Wanted {
  explicit Wanted(std::span<const uint64_t> only) : positions(only.begin(), only.end()) {}
  std::vector<uint64_t> positions;
  stream::PositionTable table{positions};
};

class LetterStream final : public stream::RecordStream {
 public:
  LetterStream(std::shared_ptr<Wanted> wanted, std::unique_ptr<engine::Session> session,
               DefinedLetters letters, std::unique_ptr<engine::ResultStream> rows)
      : wanted_(std::move(wanted)),
        session_(std::move(session)),
        letters_(std::move(letters)),
        rows_(std::move(rows)) {}

  Result<std::optional<format::RecordBatch>> next() override {
    if (ended_) return std::optional<format::RecordBatch>();
    while (!chunk_ || row_ == chunk_->rows()) {
      Result<std::optional<engine::Chunk>> chunk = rows_->next();
      if (!chunk.ok()) return chunk.status();
      if (!chunk->has_value()) {
        ended_ = true;
        return std::optional<format::RecordBatch>();
      }
      chunk_ = std::move(**chunk);
      row_ = 0;
    }
    return std::optional<format::RecordBatch>(take_batch());
  }

 private:
  // The rows from row_ on that have the same provenance.
  format::RecordBatch take_batch() {
    auto batch = std::make_shared<LetterBatch>();
    const Letter first = read_letter(*chunk_, row_, letters_.added_headers);
    batch->provenance = {static_cast<uint32_t>(format::Position::split(first.position)),
                         std::string(first.file), std::string(first.topic), first.partition};
    batch->provenance.has_headers = first.headers.has_value();
    std::vector<Letter> letters;
    size_t bytes = 0;
    for (; row_ < chunk_->rows(); ++row_) {
      Letter letter = read_letter(*chunk_, row_, letters_.added_headers);
      if (!letter.belongs_to(batch->provenance) ||
          letter.timestamp.has_value() != first.timestamp.has_value()) {
        break;
      }
      bytes += letter.bytes();
      letters.push_back(std::move(letter));
    }
    batch->bytes.reserve(bytes);  // so that views into it stay
    for (const Letter& letter : letters) add(letter, *batch);
    CHECK(batch->bytes.size() == bytes);
    return view_of(std::move(batch));
  }

  static void add(const Letter& letter, LetterBatch& batch) {
    const size_t begin = batch.bytes.size();
    batch.bytes.append(letter.raw).append(format::kPadding, '\0');
    const uint64_t place = format::Position::place(letter.position);
    batch.records.push_back({format::is_no_payload(letter.raw)
                                 ? format::kNoPayload
                                 : std::string_view(batch.bytes.data() + begin, letter.raw.size()),
                             place});
    batch.offsets.push_back(letter.offset.value_or(static_cast<int64_t>(place)));
    batch.lines.push_back(letter.line);
    const auto keep = [&](std::string_view text) {
      const size_t place = batch.bytes.size();
      batch.bytes.append(text);
      return std::string_view(batch.bytes.data() + place, text.size());
    };
    batch.keys.emplace_back();
    if (letter.key) batch.keys.back() = keep(*letter.key);
    if (letter.timestamp) batch.timestamps.push_back(*letter.timestamp);
    if (letter.headers) batch.headers.push_back(keep(*letter.headers));
  }

  static format::RecordBatch view_of(std::shared_ptr<LetterBatch> batch) {
    format::RecordBatch view;
    view.provenance = std::shared_ptr<const format::Provenance>(batch, &batch->provenance);
    view.records = batch->records;
    view.offsets = batch->offsets;
    view.lines = batch->lines;
    view.keys = batch->keys;
    view.timestamps = batch->timestamps;
    view.headers = batch->headers;
    view.owner = std::move(batch);
    return view;
  }

  std::shared_ptr<Wanted> wanted_;            // outlives session_
  std::unique_ptr<engine::Session> session_;  // outlives rows_
  DefinedLetters letters_;                    // likewise
  std::unique_ptr<engine::ResultStream> rows_;
  std::optional<engine::Chunk> chunk_;
  size_t row_ = 0;
  bool ended_ = false;
};

class LetterReader final : public stream::RecordReader {
 public:
  LetterReader(Letters& letters, const stream::ReadRequest& request, engine::Database& database)
      : letters_(letters),
        request_(request),
        wanted_(request.only.empty() ? nullptr : std::make_shared<Wanted>(request.only)),
        database_(database) {
    if (wanted_ != nullptr) request_.only = wanted_->positions;
  }

  // There are few of them, and they are read in order.
  size_t max_threads() const override { return 1; }

  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    ASSIGN_OR_RETURN(auto session, database_.make_session());
    ASSIGN_OR_RETURN(DefinedLetters letters, letters_.define(*session, request_));
    std::string select = letter_select(letters.select);
    if (wanted_ != nullptr) {
      RETURN_IF_ERROR(session->define_relation("lakeward_wanted", wanted_->table));
      select += " WHERE _position IN (SELECT position FROM lakeward_wanted)";
    }
    ASSIGN_OR_RETURN(auto rows, session->stream(select));
    return std::unique_ptr<stream::RecordStream>(std::make_unique<LetterStream>(
        wanted_, std::move(session), std::move(letters), std::move(rows)));
  }

 private:
  Letters& letters_;
  stream::ReadRequest request_;
  std::shared_ptr<Wanted> wanted_;  // null: all
  engine::Database& database_;
};

class TableLetters final : public Letters {
 public:
  explicit TableLetters(std::unique_ptr<stream::Source> table) : table_(std::move(table)) {}
  stream::Source& source() override { return *table_; }
  bool are_records() const override { return false; }
  Result<DefinedLetters> define(engine::Session& session,
                                const stream::ReadRequest& request) override {
    ASSIGN_OR_RETURN(stream::Input letters, table_->read(request));
    auto* relation = std::get_if<stream::InputRelation>(&letters);
    CHECK(relation != nullptr, "a table is read as a relation");
    ASSIGN_OR_RETURN(const engine::Schema found, session.describe(relation->select));
    // A table whose letters are all old may lack columns.
    std::string missing;
    for (const engine::Column& column : stream::dead_letter_schema()) {
      if (std::none_of(found.begin(), found.end(),
                       [&](const auto& one) { return one.name == column.name; })) {
        missing += ", NULL::" + column.type + " AS " + engine::quote_identifier(column.name);
      }
    }
    return DefinedLetters{"SELECT *" + missing + " FROM (" + relation->select + "\n) AS found",
                          nullptr};
  }

 private:
  std::unique_ptr<stream::Source> table_;
};

class DeadLetterSource final : public stream::Source {
 public:
  DeadLetterSource(std::unique_ptr<Letters> letters, ReplayInput input, engine::Database& database)
      : letters_(std::move(letters)), input_(std::move(input)), database_(database) {}

  Status attach(checkpoint::SourceLog& log) override { return source().attach(log); }

  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override {
    return source().plan(from, limits, mode, stop);
  }

  Result<stream::Input> read(const stream::ReadRequest& request) override {
    if (!input_.relation) {
      return stream::Input(std::make_unique<LetterReader>(*letters_, request, database_));
    }
    if (letters_->are_records()) {
      return unsupported(
          "dead letters of a pipeline that reads a table cannot be replayed from a "
          "topic; leave out 'dead_letters' to keep them in the lake");
    }
    ASSIGN_OR_RETURN(const auto session, database_.make_session());
    ASSIGN_OR_RETURN(const DefinedLetters letters, letters_->define(*session, request));
    return stream::Input(stream::InputRelation{as_rows(letters.select), {}});
  }

  Result<std::optional<engine::Schema>> relation_schema() override { return input_.relation; }

  Status acknowledge(const stream::Offset& to) override { return source().acknowledge(to); }

  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override {
    return source().lag(committed);
  }

 private:
  stream::Source& source() { return letters_->source(); }

  // `raw`, a row as JSON, as the columns that it was made of.
  std::string as_rows(const std::string& letters) const {
    std::string fields;
    for (const engine::Column& column : *input_.relation) {
      fields +=
          (fields.empty() ? "" : ", ") + engine::quote_identifier(column.name) + " " + column.type;
    }
    return "SELECT _position, unnest(CAST(CAST(decode(raw) AS JSON) AS STRUCT(" + fields +
           "))) FROM (" + letters + ") AS letters";
  }

  std::unique_ptr<Letters> letters_;
  ReplayInput input_;
  engine::Database& database_;
};

}  // namespace

std::unique_ptr<Letters> make_table_letters(std::unique_ptr<stream::Source> table) {
  return std::make_unique<TableLetters>(std::move(table));
}

std::unique_ptr<stream::Source> make_dead_letter_source(std::unique_ptr<Letters> letters,
                                                        ReplayInput input,
                                                        engine::Database& database) {
  return std::make_unique<DeadLetterSource>(std::move(letters), std::move(input), database);
}

}  // namespace lakeward::service
