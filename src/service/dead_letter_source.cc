#include "service/dead_letter_source.h"

#include <string>
#include <utility>

#include "engine/session.h"
#include "engine/sql_text.h"
#include "stream/position_table.h"

namespace lakeward::service {
namespace {

// The columns that LetterStream reads, by number.
enum LetterColumn : size_t { kPosition, kRaw, kKey, kTopic, kPartition, kOffset, kFile, kLine };

std::string letter_select(const std::string& relation) {
  return "SELECT _position, raw, key, topic, partition, \"offset\", file, line FROM (" + relation +
         ") AS letters";
}

// The records of some dead letters that came from one split, file and topic.
struct LetterBatch {
  std::string bytes;  // all payloads and keys, each payload followed by its padding
  std::vector<format::Record> records;
  std::vector<int64_t> offsets;
  std::vector<uint64_t> lines;
  std::vector<std::optional<std::string_view>> keys;
  format::Provenance provenance;
};

// One row of the chunk; views into it.
struct Letter {
  uint64_t position = 0;
  std::string_view raw;
  std::optional<std::string_view> key;
  std::string_view topic;
  int32_t partition = 0;
  std::optional<int64_t> offset;
  std::string_view file;
  uint64_t line = 0;

  bool belongs_to(const format::Provenance& other) const {
    return format::Position::split(position) == other.split && topic == other.topic &&
           partition == other.partition && file == other.file;
  }
};

Letter read_letter(const engine::Chunk& chunk, size_t row) {
  const auto text = [&](LetterColumn column) {
    const engine::VectorView view = chunk.column(column);
    return view.is_null(row) ? std::optional<std::string_view>() : view.string(row);
  };
  Letter letter;
  letter.position = chunk.column(kPosition).get<uint64_t>(row);
  letter.raw = text(kRaw).value_or("");
  letter.key = text(kKey);
  letter.topic = text(kTopic).value_or("");
  letter.file = text(kFile).value_or("");
  const engine::VectorView partition = chunk.column(kPartition);
  if (!partition.is_null(row)) letter.partition = partition.get<int32_t>(row);
  const engine::VectorView offset = chunk.column(kOffset);
  if (!offset.is_null(row)) letter.offset = offset.get<int64_t>(row);
  const engine::VectorView line = chunk.column(kLine);
  if (!line.is_null(row)) letter.line = static_cast<uint64_t>(line.get<int64_t>(row));
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
               std::unique_ptr<engine::ResultStream> rows)
      : wanted_(std::move(wanted)), session_(std::move(session)), rows_(std::move(rows)) {}

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
    const Letter first = read_letter(*chunk_, row_);
    batch->provenance = {static_cast<uint32_t>(format::Position::split(first.position)),
                         std::string(first.file), std::string(first.topic), first.partition};
    std::vector<Letter> letters;
    size_t bytes = 0;
    for (; row_ < chunk_->rows(); ++row_) {
      const Letter letter = read_letter(*chunk_, row_);
      if (!letter.belongs_to(batch->provenance)) break;
      bytes += letter.raw.size() + format::kPadding + letter.key.value_or("").size();
      letters.push_back(letter);
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
    batch.records.push_back({{batch.bytes.data() + begin, letter.raw.size()}, place});
    batch.offsets.push_back(letter.offset.value_or(static_cast<int64_t>(place)));
    batch.lines.push_back(letter.line);
    batch.keys.emplace_back();
    if (letter.key) {
      const size_t key = batch.bytes.size();
      batch.bytes.append(*letter.key);
      batch.keys.back() = std::string_view(batch.bytes.data() + key, letter.key->size());
    }
  }

  static format::RecordBatch view_of(std::shared_ptr<LetterBatch> batch) {
    format::RecordBatch view;
    view.provenance = std::shared_ptr<const format::Provenance>(batch, &batch->provenance);
    view.records = batch->records;
    view.offsets = batch->offsets;
    view.lines = batch->lines;
    view.keys = batch->keys;
    view.owner = std::move(batch);
    return view;
  }

  std::shared_ptr<Wanted> wanted_;            // outlives session_
  std::unique_ptr<engine::Session> session_;  // outlives rows_
  std::unique_ptr<engine::ResultStream> rows_;
  std::optional<engine::Chunk> chunk_;
  size_t row_ = 0;
  bool ended_ = false;
};

class LetterReader final : public stream::RecordReader {
 public:
  LetterReader(std::string select, std::span<const uint64_t> only, engine::Database& database)
      : select_(std::move(select)),
        wanted_(only.empty() ? nullptr : std::make_shared<Wanted>(only)),
        database_(database) {}

  // There are few of them, and they are read in order.
  size_t max_threads() const override { return 1; }

  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    ASSIGN_OR_RETURN(auto session, database_.make_session());
    std::string select = select_;
    if (wanted_ != nullptr) {
      RETURN_IF_ERROR(session->define_relation("lakeward_wanted", wanted_->table));
      select += " WHERE _position IN (SELECT position FROM lakeward_wanted)";
    }
    ASSIGN_OR_RETURN(auto rows, session->stream(select));
    return std::unique_ptr<stream::RecordStream>(
        std::make_unique<LetterStream>(wanted_, std::move(session), std::move(rows)));
  }

 private:
  std::string select_;
  std::shared_ptr<Wanted> wanted_;  // null: all
  engine::Database& database_;
};

class DeadLetterSource final : public stream::Source {
 public:
  DeadLetterSource(std::unique_ptr<stream::Source> letters, ReplayInput input,
                   engine::Database& database)
      : letters_(std::move(letters)), input_(std::move(input)), database_(database) {}

  Status attach(checkpoint::SourceLog& log) override { return letters_->attach(log); }

  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override {
    return letters_->plan(from, limits, mode, stop);
  }

  Result<stream::Input> read(const stream::ReadRequest& request) override {
    ASSIGN_OR_RETURN(stream::Input letters, letters_->read(request));
    auto* relation = std::get_if<stream::InputRelation>(&letters);
    CHECK(relation != nullptr, "dead letters are read from a table");
    if (input_.relation) return stream::Input(stream::InputRelation{as_rows(relation->select), {}});
    return stream::Input(
        std::make_unique<LetterReader>(letter_select(relation->select), request.only, database_));
  }

  Result<std::optional<engine::Schema>> relation_schema() override { return input_.relation; }

  Status acknowledge(const stream::Offset& to) override { return letters_->acknowledge(to); }

  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override {
    return letters_->lag(committed);
  }

 private:
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

  std::unique_ptr<stream::Source> letters_;
  ReplayInput input_;
  engine::Database& database_;
};

}  // namespace

std::unique_ptr<stream::Source> make_dead_letter_source(std::unique_ptr<stream::Source> letters,
                                                        ReplayInput input,
                                                        engine::Database& database) {
  return std::make_unique<DeadLetterSource>(std::move(letters), std::move(input), database);
}

}  // namespace lakeward::service
