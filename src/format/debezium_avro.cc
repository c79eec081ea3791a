// `decode: debezium` of events in Avro: make_debezium_avro_format() of debezium_format.h.
#include <map>
#include <memory>
#include <utility>

#include "format/avro/change_event.h"
#include "format/avro/row_reader.h"
#include "format/debezium_format.h"
#include "format/known_schemas.h"
#include "format/record_loop.h"
#include "format/registry_header.h"
#include "format/shared_format.h"

namespace lakeward::format {
namespace {

using avro::EnvelopePlan;
using avro::EventReader;
using avro::RowReader;
using Known = KnownSchema<EnvelopePlan>;

// What all decoders of a format share.
struct Shared {
  std::vector<avro::TargetColumn> columns;  // of the row
  engine::Schema declared, decoded;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  std::unique_ptr<KnownSchemas<EnvelopePlan>> schemas;
};

class DebeziumAvroDecoder final : public Decoder {
 public:
  DebeziumAvroDecoder(std::shared_ptr<Shared> shared, std::vector<std::optional<size_t>> slots)
      : shared_(std::move(shared)),
        slots_(std::move(slots)),
        columns_(shared_->columns.size()),
        writers_(slots_.size()) {
    CHECK(slots_.size() == shared_->declared.size(), "one slot for each decoded column");
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].declared = &shared_->columns[i];
    envelope_.bind(std::span(writers_).subspan(columns_.size()));
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    for (size_t i = 0; i < slots_.size(); ++i) {
      writers_[i] = slots_[i] ? &chunk.column(*slots_[i]) : nullptr;
      if (i >= columns_.size() || writers_[i] == nullptr) continue;
      columns_[i].writer = writers_[i];
      columns_[i].data = writers_[i]->data<void>();
    }
    Result<DecodeProgress> progress = decode_records(
        shared_->on_malformed, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (is_no_payload(payload)) return RecordOutcome::kSkipped;  // a tombstone
          if (decode_record(payload, row)) [[likely]] {
            return RecordOutcome::kRow;
          }
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->unset_null(row);
          }
          return RecordOutcome::kRefused;
        },
        [this] { return reason_; },
        [this](size_t row) {
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->set_null(row);
          }
        });
    // What was decoded before is decoded again.
    RETURN_IF_ERROR(std::exchange(failure_, ok_status()));
    return progress;
  }

 private:
  // The readers of one schema's events; none if it is refused.
  struct Readers {
    Known schema;
    std::unique_ptr<EventReader> events;
    std::unique_ptr<RowReader> before, after;
  };

  bool decode_record(std::string_view payload, size_t row) {
    if (!failure_.ok()) return refuse("");
    if (!has_registry_header(payload)) [[unlikely]] {
      return refuse(registry_header_problem(payload));
    }
    const uint32_t id = registry_schema_id(payload);
    if (current_ == nullptr || current_id_ != id || current_->events == nullptr) [[unlikely]] {
      if (!change_schema(id)) return false;
    }
    payload.remove_prefix(kRegistryHeaderBytes);
    if (!current_->events->read(payload, event_)) return refuse(current_->events->reason());
    std::string refusal = refuse_operation(event_.op, event_.has_before, event_.has_after);
    if (!refusal.empty()) return refuse(std::move(refusal));
    const bool deleted = event_.op == 'd';
    RowReader& rows = deleted ? *current_->before : *current_->after;
    if (!rows.read(deleted ? event_.before : event_.after, row)) return refuse(rows.reason());
    envelope_.write(event_.op, event_.source, row);
    return true;
  }

  bool change_schema(uint32_t id) {
    auto found = readers_.find(id);
    if (found == readers_.end()) {
      Result<Known> schema = shared_->schemas->find(id);
      if (!schema.ok()) {
        failure_ = schema.status();
        return refuse(failure_.message());
      }
      found = readers_.insert_or_assign(id, make_readers(std::move(schema).value())).first;
    }
    current_ = &found->second;
    current_id_ = id;
    return current_->events != nullptr || refuse(current_->schema.refusal);
  }

  Readers make_readers(Known schema) {
    Readers readers;
    readers.schema = std::move(schema);
    const EnvelopePlan* plan = readers.schema.compiled.get();
    if (plan == nullptr) return readers;
    readers.events = std::make_unique<EventReader>(*plan);
    readers.before = std::make_unique<RowReader>(plan->before(), columns_);
    readers.after = std::make_unique<RowReader>(plan->after(), columns_);
    return readers;
  }

  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::vector<std::optional<size_t>> slots_;
  std::vector<avro::BoundColumn> columns_;      // of the row
  std::vector<engine::ColumnWriter*> writers_;  // of all columns
  EnvelopeWriter envelope_;
  std::map<uint32_t, Readers> readers_;
  Readers* current_ = nullptr;
  uint32_t current_id_ = 0;
  avro::ChangeEvent event_;
  std::string reason_;
  Status failure_;
};

using DebeziumAvroFormat = SharedFormat<Shared, DebeziumAvroDecoder>;

}  // namespace

Result<std::unique_ptr<Format>> make_debezium_avro_format(const DebeziumOptions& options) {
  auto shared = std::make_shared<Shared>();
  ASSIGN_OR_RETURN(shared->columns, avro::target_columns(options.columns, options.utc));
  shared->on_malformed = options.on_malformed;
  shared->schemas = std::make_unique<KnownSchemas<EnvelopePlan>>(
      options.source, options.clock,
      [columns = shared->columns](
          const RegisteredSchema& registered) -> Result<std::shared_ptr<const EnvelopePlan>> {
        ASSIGN_OR_RETURN(const avro::Schema schema, avro::parse_registered(registered));
        return EnvelopePlan::make(schema, columns);
      });
  for (const avro::TargetColumn& column : shared->columns) {
    shared->declared.push_back({column.name, column.type});
    shared->decoded.push_back({column.name, column.decoded});
  }
  for (const engine::Column& own : envelope_columns()) {
    shared->declared.push_back(own);
    shared->decoded.push_back(own);
  }
  return std::unique_ptr<Format>(std::make_unique<DebeziumAvroFormat>(std::move(shared)));
}

}  // namespace lakeward::format
