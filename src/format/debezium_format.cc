#include "format/debezium_format.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "format/debezium_envelope.h"
#include "format/debezium_values.h"
#include "format/json_object.h"
#include "format/reasons.h"
#include "format/record_loop.h"
#include "format/registry_header.h"

namespace lakeward::format {
namespace {

// Where the parts of an envelope are in its text; nullptr: not there, or null.
struct Envelope {
  const char* before = nullptr;
  const char* after = nullptr;
  bool is_schema_late = false;  // it came behind `after`
  bool is_envelope = false;     // has `op`
  bool is_null = false;         // `payload` is null
  char op = 0;
};

struct Settings {
  DeclaredColumns row;  // the columns of the table's row
  engine::Schema declared, decoded;
  DebeziumOptions options;
  std::vector<DebeziumField> fields;  // without a schema
};

class DebeziumDecoder final : public Decoder {
 public:
  DebeziumDecoder(const Settings& settings, const std::vector<std::optional<size_t>>& slots)
      : settings_(settings), slots_(slots), object_(settings.row), writers_(slots.size()) {
    CHECK(slots.size() == settings.declared.size(), "one slot for each decoded column");
    values().set_fields(object_.columns().data(), &settings_.fields);
    envelope_.bind(std::span(writers_).subspan(settings_.row.kinds.size()));
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    for (size_t i = 0; i < slots_.size(); ++i) {
      writers_[i] = slots_[i] ? &chunk.column(*slots_[i]) : nullptr;
      if (i >= settings_.row.kinds.size() || writers_[i] == nullptr) continue;
      object_.columns()[i].writer = writers_[i];
      object_.columns()[i].data = writers_[i]->data<char>();
    }
    return decode_records(
        settings_.options.on_malformed, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          const RecordOutcome outcome = decode_record(payload, row);
          if (outcome == RecordOutcome::kRow) return outcome;
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->unset_null(row);
          }
          return outcome;
        },
        [this] { return object_.values().reason(); },
        [this](size_t row) {
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->set_null(row);
          }
        });
  }

 private:
  DebeziumValues& values() { return object_.values(); }
  JsonScanner& scanner() { return object_.scanner(); }

  RecordOutcome decode_record(std::string_view payload, size_t row);
  const char* read_envelope(const char* p, Envelope& envelope, size_t row);
  const char* read_after(const char* p, Envelope& envelope, size_t row);
  const char* read_schema(const char* p);
  const char* read_source(const char* p);
  bool finish(const Envelope& envelope, size_t row);
  bool check_operation(const Envelope& envelope);

  // Each member of the object at `p`: member(name, place of the value) returns the place behind the
  // value. Returns the place behind the object.
  template <typename Member>
  const char* walk(const char* p, Member member);
  const char* refuse(std::string why) {
    values().refuse(std::move(why));
    return nullptr;
  }

  const Settings& settings_;
  std::vector<std::optional<size_t>> slots_;
  JsonObjectReader<DebeziumValues> object_;
  std::vector<engine::ColumnWriter*> writers_;
  std::string scratch_;
  std::string schema_text_;  // the last event's
  std::vector<DebeziumField> schema_fields_;
  ChangeSource source_;
  EnvelopeWriter envelope_;
};

template <typename Member>
const char* DebeziumDecoder::walk(const char* p, Member member) {
  if (*p != '{') return scanner().fail("not an object", p);
  p = JsonScanner::skip_blanks(p + 1);
  if (*p == '}') return p + 1;
  while (true) {
    std::string_view name;
    p = scanner().member_name(p, scratch_, name);
    if (p == nullptr) return nullptr;
    p = member(name, JsonScanner::skip_blanks(p));
    if (p == nullptr) return nullptr;
    if (p >= scanner().end()) return scanner().fail("the object does not end", scanner().end());
    p = JsonScanner::skip_blanks(p);
    if (*p == '}') return p + 1;
    if (*p != ',') return scanner().fail("a comma is missing", p);
    p = JsonScanner::skip_blanks(p + 1);
  }
}

RecordOutcome DebeziumDecoder::decode_record(std::string_view payload, size_t row) {
  if (is_no_payload(payload)) return RecordOutcome::kSkipped;  // a tombstone
  if (settings_.options.is_framed) {
    values().start(payload.data(), payload.data() + payload.size());
    if (!has_registry_header(payload)) {
      refuse(registry_header_problem(payload));
      return RecordOutcome::kRefused;
    }
    payload.remove_prefix(kRegistryHeaderBytes);
  }
  const char* const begin = payload.data();
  const char* end = begin + payload.size();
  while (end != begin && JsonScanner::is_blank(end[-1])) --end;
  values().start(begin, end);
  const char* p = JsonScanner::skip_blanks(begin);
  if (end == begin || end[-1] != '}' || *p != '{' ||
      payload.size() > std::numeric_limits<uint32_t>::max()) {
    if (payload == "null") return RecordOutcome::kSkipped;
    refuse(end == begin ? "the record is empty" : "not a JSON object of at most 4 GiB");
    return RecordOutcome::kRefused;
  }
  Envelope envelope;
  source_ = {};
  values().set_fields(object_.columns().data(), &settings_.fields);
  p = read_envelope(p, envelope, row);
  if (p == nullptr) return RecordOutcome::kRefused;
  if (p != end) {
    scanner().fail("something follows the object", p);
    return RecordOutcome::kRefused;
  }
  if (scanner().non_ascii() && !simdjson::validate_utf8(begin, static_cast<size_t>(end - begin))) {
    refuse("not UTF-8");
    return RecordOutcome::kRefused;
  }
  if (envelope.is_null) return RecordOutcome::kSkipped;
  return finish(envelope, row) ? RecordOutcome::kRow : RecordOutcome::kRefused;
}

const char* DebeziumDecoder::read_envelope(const char* p, Envelope& envelope, size_t row) {
  return walk(p, [&](std::string_view name, const char* value) -> const char* {
    if (name == "after") return read_after(value, envelope, row);
    if (name == "source" && *value == '{') return read_source(value);
    if (name == "schema" && *value == '{') {
      envelope.is_schema_late = envelope.after != nullptr;
      return read_schema(value);
    }
    if (name == "payload" && !envelope.is_envelope) {
      if (*value == '{') return read_envelope(value, envelope, row);
      envelope.is_null = *value == 'n';
    }
    if (name == "before" && *value == '{') envelope.before = value;
    if (name == "op") {
      envelope.is_envelope = true;
      if (value[0] == '"' && value[2] == '"') envelope.op = value[1];
    }
    return scanner().skip_value(value);
  });
}

// The row is decoded at once: that it is no deletion is known only behind it.
const char* DebeziumDecoder::read_after(const char* p, Envelope& envelope, size_t row) {
  if (*p != '{') return scanner().skip_value(p);
  if (envelope.after != nullptr) return refuse("'after' appears twice");
  envelope.after = p;
  return object_.read_members(p + 1, row);
}

// Most events have the schema of the one before.
const char* DebeziumDecoder::read_schema(const char* p) {
  const auto left = static_cast<size_t>(scanner().end() - p);
  if (schema_text_.empty() || left < schema_text_.size() ||
      std::memcmp(p, schema_text_.data(), schema_text_.size()) != 0) {
    const char* const end = scanner().skip_value(p);
    if (end == nullptr) return nullptr;
    schema_text_.clear();
    auto fields = parse_event_schema({p, static_cast<size_t>(end - p)}, settings_.row.declared);
    if (!fields) return refuse("'schema' is not the schema of a change event");
    schema_fields_ = std::move(*fields);
    schema_text_.assign(p, end);
  }
  values().set_fields(object_.columns().data(), &schema_fields_);
  return p + schema_text_.size();
}

const char* DebeziumDecoder::read_source(const char* p) {
  return walk(p, [&](std::string_view name, const char* value) -> const char* {
    const bool is_text = *value == '"';
    const bool is_number = *value == '-' || is_digit(*value);
    int64_t number = 0;
    if (is_number && scan_integer(value, number).error == NumberError::kNone) {
      source_.set_number(name, number);
    }
    const char* const end = scanner().skip_value(value);
    // Names with escapes are shown as they are written.
    if (end != nullptr && is_text) {
      source_.set_text(name, {value + 1, static_cast<size_t>(end - value - 2)});
    }
    return end;
  });
}

bool DebeziumDecoder::check_operation(const Envelope& envelope) {
  std::string refusal =
      envelope.is_envelope
          ? refuse_operation(envelope.op, envelope.before != nullptr, envelope.after != nullptr)
          : "no change event: it has no 'op'; a flat row is decoded by `decode: json`";
  if (refusal.empty()) return true;
  refuse(std::move(refusal));
  return false;
}

bool DebeziumDecoder::finish(const Envelope& envelope, size_t row) {
  if (!check_operation(envelope)) return false;
  if (envelope.op == 'd' || envelope.is_schema_late) {
    for (JsonColumn& column : object_.columns()) {
      if (column.writer != nullptr) column.writer->unset_null(row);
    }
    const char* const state = envelope.op == 'd' ? envelope.before : envelope.after;
    if (object_.read_members(state + 1, row) == nullptr) return false;
  }
  envelope_.write(envelope.op, source_, row);
  return true;
}

class DebeziumFormat final : public Format {
 public:
  explicit DebeziumFormat(Settings settings) : settings_(std::move(settings)) {}

  Framing framing() const override {
    return settings_.options.is_framed ? Framing::kWhole : Framing::kLines;
  }
  const engine::Schema& declared() const override { return settings_.declared; }
  const engine::Schema& decoded() const override { return settings_.decoded; }
  OnMalformed on_malformed() const override { return settings_.options.on_malformed; }
  std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const override {
    return std::make_unique<DebeziumDecoder>(settings_, slots);
  }

 private:
  Settings settings_;
};

// How a column's values are written if the event does not say it.
DebeziumField field_without_schema(const std::string& type, const DebeziumOptions& options) {
  using Kind = DebeziumField::Kind;
  const int digits = options.unit == DebeziumUnit::kMillis   ? 3
                     : options.unit == DebeziumUnit::kMicros ? 6
                                                             : 9;
  if (type == "DATE") return {Kind::kDays, 0, 0};
  if (type == "TIME" || type.starts_with("TIMESTAMP")) return {Kind::kTime, digits, 0};
  if (type.starts_with("DECIMAL(") && options.decimals == DebeziumDecimals::kPrecise) {
    return {Kind::kUnscaled, 0, std::stoi(type.substr(type.find(',') + 1))};
  }
  return {};
}

}  // namespace

const engine::Schema& envelope_columns() {
  static const engine::Schema columns = {{"_op", "VARCHAR"},
                                         {"_source_ts", "TIMESTAMP WITH TIME ZONE"},
                                         {"_source_lsn", "BIGINT"},
                                         {"_source_table", "VARCHAR"},
                                         {"_snapshot", "BOOLEAN"}};
  return columns;
}

Result<std::unique_ptr<Format>> make_debezium_format(const DebeziumOptions& options) {
  for (const engine::Column& column : options.columns) {
    std::string name = column.name;
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const engine::Column& own : envelope_columns()) {
      if (own.name == name) {
        return invalid_argument("the column '" + own.name +
                                "' is the envelope's own: it is there without being declared");
      }
    }
  }
  if (options.source != nullptr) return make_debezium_avro_format(options);
  Settings settings;
  ASSIGN_OR_RETURN(settings.row, declare_columns(options.columns, options.utc));
  settings.options = options;
  for (const engine::Column& column : settings.row.declared) {
    settings.fields.push_back(field_without_schema(column.type, options));
  }
  settings.declared = settings.row.declared;
  settings.decoded = settings.row.decoded;
  for (const engine::Column& own : envelope_columns()) {
    settings.declared.push_back(own);
    settings.decoded.push_back(own);
  }
  return std::unique_ptr<Format>(std::make_unique<DebeziumFormat>(std::move(settings)));
}

}  // namespace lakeward::format
