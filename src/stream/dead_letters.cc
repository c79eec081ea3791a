#include "stream/dead_letters.h"

namespace lakeward::stream {
namespace {

constexpr const char* kRecordOrNull =
    "r._topic AS topic, r._partition AS \"partition\", r._offset AS \"offset\", r._file AS file, "
    "r._line AS line, r._key AS \"key\", r._raw_bytes AS raw";
constexpr const char* kRestOrNull =
    "r._key_bytes AS key_bytes, r._timestamp AS \"timestamp\", r._headers AS headers";
constexpr const char* kNoRecord =
    "NULL::VARCHAR AS topic, NULL::INTEGER AS \"partition\", NULL::BIGINT AS \"offset\", "
    "NULL::VARCHAR AS file, NULL::BIGINT AS line, NULL::VARCHAR AS \"key\", NULL::BLOB AS raw";
constexpr const char* kNoRest =
    "NULL::BLOB AS key_bytes, NULL::TIMESTAMPTZ AS \"timestamp\", NULL::VARCHAR AS headers";

std::string head(const std::string& reason, const std::string& expectation) {
  return "SELECT lakeward_epoch() AS epoch, lakeward_epoch_time() AS rejected_at, " + reason +
         " AS reason, " + expectation + " AS expectation, ";
}

class MalformedScan final : public engine::TableScan {
 public:
  MalformedScan(const std::map<uint64_t, std::string>& malformed, std::vector<size_t> columns)
      : malformed_(malformed), columns_(std::move(columns)) {}
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<engine::ChunkProducer>> make_producer() override {
    return std::unique_ptr<engine::ChunkProducer>(std::make_unique<Producer>(*this));
  }

 private:
  class Producer final : public engine::ChunkProducer {
   public:
    explicit Producer(const MalformedScan& scan) : scan_(scan), next_(scan.malformed_.begin()) {}
    Result<size_t> fill(engine::ChunkWriter& chunk) override {
      size_t row = 0;
      for (; row < engine::kChunkRows && next_ != scan_.malformed_.end(); ++row, ++next_) {
        for (size_t slot = 0; slot < scan_.columns_.size(); ++slot) {
          engine::ColumnWriter& column = chunk.column(slot);
          if (scan_.columns_[slot] == 0) {
            column.data<uint64_t>()[row] = next_->first;
          } else {
            column.set_stable_string(row, next_->second.data(), next_->second.size());
          }
        }
      }
      return row;
    }

   private:
    const MalformedScan& scan_;
    std::map<uint64_t, std::string>::const_iterator next_;
  };

  const std::map<uint64_t, std::string>& malformed_;
  std::vector<size_t> columns_;
};

}  // namespace

const engine::Schema& dead_letter_schema() {
  static const engine::Schema schema = {
      {"epoch", "BIGINT"},    {"rejected_at", "TIMESTAMP WITH TIME ZONE"},
      {"reason", "VARCHAR"},  {"expectation", "VARCHAR"},
      {"topic", "VARCHAR"},   {"partition", "INTEGER"},
      {"offset", "BIGINT"},   {"file", "VARCHAR"},
      {"line", "BIGINT"},     {"key", "VARCHAR"},
      {"raw", "BLOB"},        {"row", "VARCHAR"},
      {"key_bytes", "BLOB"},  {"timestamp", "TIMESTAMP WITH TIME ZONE"},
      {"headers", "VARCHAR"},
  };
  return schema;
}

const engine::Schema& MalformedTable::schema() const {
  static const engine::Schema schema = {{"position", "UBIGINT"}, {"reason", "VARCHAR"}};
  return schema;
}

Result<std::unique_ptr<engine::TableScan>> MalformedTable::scan(
    const std::vector<size_t>& columns) {
  return std::unique_ptr<engine::TableScan>(std::make_unique<MalformedScan>(malformed_, columns));
}

std::string dead_letter_select(const Transform& transform, uint64_t gate, bool any_malformed,
                               bool any_refused) {
  std::string select;
  if (any_malformed) {
    select = head("m.reason", "NULL::VARCHAR") + kRecordOrNull + ", NULL::VARCHAR AS \"row\", " +
             kRestOrNull + " FROM " + kMalformedTable +
             " m LEFT JOIN lakeward_records r ON r._position = m.position";
  }
  if (any_refused) {
    const bool joined = transform.has_positions();
    select += (select.empty() ? "" : " UNION ALL ") + head("t.reason", "t.expectation") +
              (joined ? kRecordOrNull : kNoRecord) + ", t.\"row\" AS \"row\", " +
              (joined ? kRestOrNull : kNoRest) + " FROM (" + transform.refused(gate) + ") t" +
              (joined ? " LEFT JOIN lakeward_records r ON r._position = t.position" : "");
  }
  return select;
}

}  // namespace lakeward::stream
