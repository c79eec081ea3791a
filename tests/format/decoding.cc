#include "format/decoding.h"

#include <optional>
#include <utility>

namespace lakeward::format {
namespace {

engine::Database& database() {
  // Never closed: at the process's end, DuckDB's own thread-local state would be gone before it.
  static engine::Database* const shared = [] {
    engine::DatabaseOptions options;
    options.threads = 1;
    return std::move(engine::Database::open(options)).value().release();
  }();
  return *shared;
}

}  // namespace

PaddedRecords::PaddedRecords(const std::vector<std::string>& payloads,
                             std::vector<std::string> header)
    : provenance_(
          std::make_shared<Provenance>(Provenance{3, "input/a.jsonl", "", 0, std::move(header)})) {
  // What follows a payload must not matter: here it would go on with a number.
  for (const std::string& payload : payloads) block_ += payload + '7';
  block_.append(kPadding, '7');
  uint64_t place = 0;
  for (const std::string& payload : payloads) {
    records_.push_back({payload == kTombstone
                            ? kNoPayload
                            : std::string_view(block_).substr(place, payload.size()),
                        place});
    place += payload.size() + 1;
  }
}

RecordBatch PaddedRecords::batch() const {
  RecordBatch batch;
  batch.provenance = provenance_;
  batch.records = records_;
  return batch;
}

struct DecodedTable::Producer final : engine::ChunkProducer {
  Producer(DecodedTable& table, const std::vector<std::optional<size_t>>& slots)
      : table(table), decoder(table.format_.make_decoder(slots)) {}

  Result<size_t> fill(engine::ChunkWriter& chunk) override {
    const RecordBatch batch = table.records_.batch();
    std::vector<uint32_t> row_records(engine::kChunkRows);
    size_t rows = 0;
    while (rows < engine::kChunkRows && next < batch.records.size()) {
      ASSIGN_OR_RETURN(const DecodeProgress progress,
                       decoder->decode(batch, next, chunk, rows, row_records, table.rejections));
      next += progress.records;
      rows += progress.rows;
    }
    table.row_records.insert(table.row_records.end(), row_records.begin(),
                             row_records.begin() + static_cast<ptrdiff_t>(rows));
    return rows;
  }

  DecodedTable& table;
  std::unique_ptr<Decoder> decoder;
  size_t next = 0;
};

struct DecodedTable::Scan final : engine::TableScan {
  Scan(DecodedTable& table, const std::vector<size_t>& columns)
      : table(table), slots(table.schema().size()) {
    for (size_t i = 0; i < columns.size(); ++i) slots[columns[i]] = i;
  }
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<engine::ChunkProducer>> make_producer() override {
    return std::unique_ptr<engine::ChunkProducer>(std::make_unique<Producer>(table, slots));
  }
  DecodedTable& table;
  std::vector<std::optional<size_t>> slots;
};

Result<std::unique_ptr<engine::TableScan>> DecodedTable::scan(const std::vector<size_t>& columns) {
  return std::unique_ptr<engine::TableScan>(std::make_unique<Scan>(*this, columns));
}

Decoded decode_all(const Format& format, const std::vector<std::string>& payloads,
                   const std::string& select, std::vector<std::string> header) {
  const PaddedRecords records(payloads, std::move(header));
  DecodedTable table(format, records);
  const auto session = std::move(database().make_session()).value();
  Decoded decoded;
  decoded.status = session->define_relation("input", table);
  if (!decoded.status.ok()) return decoded;
  const Result<engine::Rows> rows = session->query(select);
  decoded.status = rows.status();
  if (!rows.ok()) return decoded;
  for (size_t row = 0; row < rows->size(); ++row) {
    std::vector<std::string>& cells = decoded.rows.emplace_back();
    for (size_t column = 0; column < rows->schema().size(); ++column) {
      cells.push_back(rows->is_null(row, column) ? "NULL" : rows->text(row, column));
    }
  }
  decoded.rejections = std::move(table.rejections);
  decoded.row_records = std::move(table.row_records);
  return decoded;
}

}  // namespace lakeward::format
