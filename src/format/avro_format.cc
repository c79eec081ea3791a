#include "format/avro_format.h"

#include <map>
#include <memory>
#include <utility>

#include "base/suggest.h"
#include "format/avro/program.h"
#include "format/avro/row_reader.h"
#include "format/known_schemas.h"
#include "format/record_loop.h"
#include "format/registry_header.h"
#include "format/shared_format.h"

namespace lakeward::format {
namespace {

using avro::Program;
using avro::Schema;

using Known = KnownSchema<Program>;

// What all decoders of a format share.
struct Shared {
  std::vector<avro::TargetColumn> columns;
  engine::Schema declared, decoded;
  std::optional<Schema> reader;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  bool skip_tombstones = false;
  std::shared_ptr<const Program> unframed;
  std::unique_ptr<KnownSchemas<Program>> schemas;  // null without a source

  const Schema* reader_schema() const { return reader ? &*reader : nullptr; }
};

// How records of a schema are read, or an error that says why not.
Result<std::shared_ptr<const Program>> compile(const Schema& writer, const Shared& shared) {
  auto program = std::make_shared<const Program>(writer, shared.reader_schema(), shared.columns);
  if (!program->refusal().empty()) return invalid_argument("cannot be read: " + program->refusal());
  return program;
}

class AvroDecoder final : public Decoder {
 public:
  AvroDecoder(std::shared_ptr<Shared> shared, std::vector<std::optional<size_t>> slots)
      : shared_(std::move(shared)), slots_(std::move(slots)), columns_(slots_.size()) {
    CHECK(slots_.size() == shared_->columns.size(), "one slot for each decoded column");
    for (size_t i = 0; i < slots_.size(); ++i) columns_[i].declared = &shared_->columns[i];
    if (shared_->unframed != nullptr) current_ = add(0, {.compiled = shared_->unframed});
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) continue;
      columns_[i].writer = &chunk.column(*slots_[i]);
      columns_[i].data = columns_[i].writer->data<void>();
    }
    Result<DecodeProgress> progress = decode_records(
        shared_->on_malformed, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (is_no_payload(payload) && shared_->skip_tombstones) return RecordOutcome::kSkipped;
          if (decode_record(payload, row)) [[likely]] {
            return RecordOutcome::kRow;
          }
          for (avro::BoundColumn& column : columns_) {
            if (column.writer != nullptr) column.writer->unset_null(row);
          }
          return RecordOutcome::kRefused;
        },
        [this] { return reason_; },
        [this](size_t row) {
          for (avro::BoundColumn& column : columns_) column.set_null(row);
        });
    // What was decoded before is decoded again.
    RETURN_IF_ERROR(std::exchange(failure_, ok_status()));
    return progress;
  }

 private:
  struct Reader {
    Known schema;
    std::unique_ptr<avro::RowReader> rows;  // null if refused
  };

  bool decode_record(std::string_view payload, size_t row) {
    if (!failure_.ok()) return refuse("");
    if (shared_->schemas != nullptr) {
      if (!has_registry_header(payload)) [[unlikely]] {
        return refuse(registry_header_problem(payload));
      }
      const uint32_t id = registry_schema_id(payload);
      if (current_ == nullptr || current_id_ != id || current_->rows == nullptr) [[unlikely]] {
        if (!change_schema(id)) return false;
      }
      payload.remove_prefix(kRegistryHeaderBytes);
    }
    if (current_->rows->read(payload, row)) [[likely]] {
      return true;
    }
    return refuse(current_->rows->reason());
  }

  bool change_schema(uint32_t id) {
    auto found = readers_.find(id);
    if (found == readers_.end()) {
      Result<Known> schema = shared_->schemas->find(id);
      if (!schema.ok()) {
        failure_ = schema.status();
        return refuse(failure_.message());
      }
      current_ = add(id, std::move(schema).value());
    } else {
      current_ = &found->second;
    }
    current_id_ = id;
    return current_->rows != nullptr || refuse(current_->schema.refusal);
  }

  Reader* add(uint32_t id, Known schema) {
    Reader& reader = readers_[id];
    reader.schema = std::move(schema);
    reader.rows = reader.schema.compiled == nullptr
                      ? nullptr
                      : std::make_unique<avro::RowReader>(*reader.schema.compiled, columns_);
    return &reader;
  }

  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::vector<std::optional<size_t>> slots_;
  std::vector<avro::BoundColumn> columns_;
  std::map<uint32_t, Reader> readers_;
  Reader* current_ = nullptr;
  uint32_t current_id_ = 0;
  std::string reason_;
  Status failure_;
};

using AvroFormat = SharedFormat<Shared, AvroDecoder>;

// That the declared columns are fields of `schema`, and can hold their values.
Status check_columns(const Schema& schema, const std::vector<avro::TargetColumn>& columns) {
  const avro::Node& root = schema.node(schema.root());
  if (root.type != avro::Type::kRecord) {
    return invalid_argument("the Avro schema is no record, but of type " +
                            std::string(avro::to_string(root.type)) + ": it has no columns");
  }
  std::vector<std::string> names;
  for (const avro::Field& field : root.fields) names.push_back(field.name);
  const Program program(schema, nullptr, columns);
  for (const uint32_t absent : program.absent()) {
    const std::string& name = columns[absent].name;
    return invalid_argument("the Avro schema has no field '" + name + "'" +
                            suggestion(name, names));
  }
  for (const avro::Step& step : program.steps()) {
    if (step.code != avro::Code::kRefuse) continue;
    return invalid_argument("column '" + columns[step.column].name + "': " + step.reason);
  }
  return ok_status();
}

}  // namespace

Result<engine::Schema> avro_columns(const std::string& schema) {
  ASSIGN_OR_RETURN(const Schema parsed, Schema::parse(schema));
  return avro::derive_columns(parsed);
}

Result<std::unique_ptr<Format>> make_avro_format(const AvroOptions& options) {
  if ((options.source == nullptr) == !options.writer_schema) {
    return invalid_argument("Avro needs either a schema registry or the writer's schema");
  }
  auto shared = std::make_shared<Shared>();
  shared->on_malformed = options.on_malformed;
  shared->skip_tombstones = options.skip_tombstones;
  std::optional<Schema> writer;
  if (options.writer_schema) {
    ASSIGN_OR_RETURN(writer, Schema::parse(*options.writer_schema));
  }
  if (options.reader_schema) {
    ASSIGN_OR_RETURN(shared->reader,
                     Schema::parse(*options.reader_schema, options.reader_references));
  }
  const Schema* const known = shared->reader ? &*shared->reader : writer ? &*writer : nullptr;
  engine::Schema columns = options.columns;
  if (columns.empty()) {
    if (known == nullptr) {
      return invalid_argument("nothing says what the columns are: declare 'columns' or 'schema'");
    }
    ASSIGN_OR_RETURN(columns, avro::derive_columns(*known));
  }
  ASSIGN_OR_RETURN(shared->columns, avro::target_columns(columns, options.utc));
  if (known != nullptr) RETURN_IF_ERROR(check_columns(*known, shared->columns));
  for (const avro::TargetColumn& column : shared->columns) {
    shared->declared.push_back({column.name, column.type});
    shared->decoded.push_back({column.name, column.decoded});
  }
  if (options.source != nullptr) {
    // The format owns what asks, and so what it is asked with.
    shared->schemas = std::make_unique<KnownSchemas<Program>>(
        options.source, options.clock,
        [own = shared.get()](
            const RegisteredSchema& registered) -> Result<std::shared_ptr<const Program>> {
          ASSIGN_OR_RETURN(const Schema schema, avro::parse_registered(registered));
          return compile(schema, *own);
        });
  }
  if (writer) {
    auto program = std::make_shared<Program>(*writer, shared->reader_schema(), shared->columns);
    if (!program->refusal().empty()) return invalid_argument(program->refusal());
    shared->unframed = std::move(program);
  }
  return std::unique_ptr<Format>(std::make_unique<AvroFormat>(std::move(shared)));
}

}  // namespace lakeward::format
