#include "project/pipeline_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "base/suggest.h"
#include "project/connector_catalog.h"
#include "project/declared_keys.h"
#include "project/decode_reader.h"

namespace lakeward::project {
namespace {

using config::Location;
using config::Problems;
using config::Value;

constexpr size_t kLongestName = 100;

// `text` without blanks and semicolons at its end, so that it can stand in parentheses.
std::string without_semicolon(std::string text) {
  const size_t last = text.find_last_not_of(" \t\r\n;");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

class PipelineReader {
 public:
  PipelineReader(const ReadingContext& context, const YamlDocument& document,
                 const std::string& file, Problems& problems)
      : context_(context), document_(document), file_(file), problems_(problems) {}

  std::optional<Pipeline> read() {
    const Value& root = document_.root;
    if (!root.is_map()) {
      report(root.location(), "this is no pipeline: expected `pipeline: name` and its other keys");
      return std::nullopt;
    }
    const PipelineKeys keys = pipeline_keys().parse(root, problems_);
    refuse_secrets_in({"pipeline"}, root, problems_);
    Pipeline pipeline;
    pipeline.name = keys.pipeline;
    pipeline.description = keys.description;
    pipeline.kind = keys.kind;
    const Value* name = root.find("pipeline");
    pipeline.location = name != nullptr ? name->location() : root.location();
    if (name != nullptr && name->is_scalar() && !name->is_unresolved() &&
        !is_identifier(pipeline.name)) {
      report(name->location(),
             fmt::format("'{}' is no name for a pipeline: use letters, digits and '_', not "
                         "beginning with a digit",
                         pipeline.name));
    }
    refuse_what_is_not_built(keys);
    if (pipeline.is_view()) {
      read_view(keys, pipeline);
    } else {
      read_stream(keys, pipeline);
    }
    read_expectations(keys.expect, pipeline);
    read_sinks(keys.to, pipeline);
    read_dead_letters(keys.dead_letters, pipeline);
    read_trigger(keys.trigger, pipeline);
    if (!keys.limits.is_null()) {
      const LimitKeys limits = limit_keys().parse(keys.limits, problems_);
      pipeline.limits = {.rows = limits.rows, .bytes = limits.bytes.count};
    }
    return pipeline;
  }

 private:
  void report(const Location& location, std::string message) {
    problems_.push_back({location, std::move(message)});
  }

  // Where `key` stands.
  const Location& place_of(std::string_view key) const {
    for (const Value::Entry& entry : document_.root.map()) {
      if (entry.key == key) return entry.key_location;
    }
    return document_.root.location();
  }
  bool has(std::string_view key) const { return document_.root.find(key) != nullptr; }

  void refuse_what_is_not_built(const PipelineKeys&) {
    for (const char* key : {"watermark", "deduplicate"}) {
      if (has(key)) report(place_of(key), fmt::format("'{}' is not supported yet", key));
    }
  }

  void refuse(const char* key, const char* why) {
    if (has(key)) report(place_of(key), fmt::format("'{}' {}", key, why));
  }

  void read_stream(const PipelineKeys& keys, Pipeline& pipeline) {
    refuse("query", "belongs to `kind: view`; a stream has `from` and `transform`");
    if (!has("from")) {
      report(document_.root.location(),
             "'from' is missing: a stream needs a source (a table over other tables is a `kind: "
             "view`)");
    } else {
      pipeline.from = read_source(context_.registry, context_.connections, keys.from, problems_);
    }
    if (has("decode")) {
      const DecodeContext context{context_.connections, topic_of(pipeline),
                                  [this](const std::string& name) { return read_named(name); }};
      pipeline.decode = read_decode(keys.decode, context, problems_);
    } else if (pipeline.from && context_.registry.source(pipeline.from->connector)->reads_records) {
      pipeline.decode = Decode();
    }
    check_decode_fits(pipeline);
    pipeline.sql = has("transform") ? read_sql("transform", keys.transform)
                                    : SourceText("SELECT * FROM input", file_);
  }

  // "" if the source reads none, or several.
  static std::string topic_of(const Pipeline& pipeline) {
    const Value* topic = pipeline.from ? pipeline.from->options.find("topic") : nullptr;
    return topic != nullptr && topic->is_scalar() && !topic->is_unresolved() ? topic->text() : "";
  }

  void check_decode_fits(const Pipeline& pipeline) {
    if (!pipeline.from) return;
    const stream::SourceType* type = context_.registry.source(pipeline.from->connector);
    if (!type->reads_records && has("decode")) {
      report(place_of("decode"),
             fmt::format("the source '{}' has columns of its own: 'decode' does "
                         "not apply",
                         pipeline.from->connector));
    }
    if (pipeline.decode && pipeline.decode->format == "parquet" &&
        pipeline.from->connector != "file") {
      report(pipeline.decode->location,
             fmt::format("'parquet' is read from files only, not from the source '{}'",
                         pipeline.from->connector));
    }
  }

  void read_view(const PipelineKeys& keys, Pipeline& pipeline) {
    static constexpr const char* kWhy = "does not apply to `kind: view`, which has a `query`";
    for (const char* key : {"from", "decode", "transform", "limits"}) refuse(key, kWhy);
    if (!has("query")) {
      report(document_.root.location(), "'query' is missing: a view is defined by one");
    } else {
      pipeline.sql = read_sql("query", keys.query);
    }
  }

  SourceText read_sql(const char* key, const Value& value) {
    if (value.is_unresolved()) return {};
    if (value.is_scalar()) {
      if (value.scalar().secret) {
        report(value.location(), fmt::format("a secret cannot stand in '{}': SQL is shown", key));
        return {};
      }
      SourceText sql(value, document_.text);
      sql.set_text(without_semicolon(sql.text()));
      if (sql.empty()) report(value.location(), fmt::format("'{}' is empty", key));
      return sql;
    }
    if (!value.is_map()) {
      report(value.location(),
             fmt::format("'{}' must be SQL or `{{file: x.sql}}`, not {}", key, value.kind_name()));
      return {};
    }
    const size_t before = problems_.size();
    const TransformKeys keys = transform_keys().parse(value, problems_);
    if (problems_.size() != before) return {};
    return read_sql_file(key, keys.file, value.find("file")->location());
  }

  // Where a file is that the pipeline names, relative to the project's folder.
  std::filesystem::path place_of_file(const std::string& name) const {
    namespace fs = std::filesystem;
    const fs::path relative = (fs::path(file_).parent_path() / name).lexically_normal();
    std::error_code error;
    return fs::exists(context_.root / relative, error) ? relative
                                                       : fs::path(name).lexically_normal();
  }

  Result<std::string> read_named(const std::string& name) const {
    return read_text_file(context_.root / place_of_file(name));
  }

  SourceText read_sql_file(const char* key, const std::string& name, const Location& place) {
    const std::filesystem::path relative = place_of_file(name);
    const auto text = read_named(name);
    if (!text.ok()) {
      report(place, fmt::format("'{}': {}", key, text.status().message()));
      return {};
    }
    SourceText sql(*text, relative.string());
    sql.set_text(without_semicolon(*text));
    if (sql.empty()) report(place, fmt::format("the file '{}' is empty", relative.string()));
    return sql;
  }

  void read_expectations(const Value& value, Pipeline& pipeline) {
    if (value.is_null() || value.is_unresolved()) return;
    if (!value.is_map()) {
      report(value.location(),
             fmt::format("'expect' must be a map of names to checks, not {}", value.kind_name()));
      return;
    }
    for (const Value::Entry& entry : value.map()) {
      if (!is_identifier(entry.key)) {
        report(entry.key_location,
               fmt::format("'{}' is no name for an expectation: use letters, digits and '_'",
                           entry.key));
      }
      const size_t before = problems_.size();
      ExpectationKeys keys;
      if (entry.value.is_scalar()) {
        keys.check = entry.value;
        keys.otherwise = stream::Otherwise::kDeadLetter;
      } else {
        keys = expectation_keys().parse(entry.value, problems_);
      }
      if (problems_.size() != before || keys.check.is_unresolved()) continue;
      if (!keys.check.is_scalar() || keys.check.text().empty() || keys.check.scalar().secret) {
        report(keys.check.location(), fmt::format("'check' of '{}' must be SQL", entry.key));
        continue;
      }
      pipeline.expectations.push_back(
          {entry.key, SourceText(keys.check, document_.text), keys.otherwise});
    }
    if (pipeline.expectations.size() > stream::kMaxExpectations) {
      report(value.location(), fmt::format("a pipeline has at most {} expectations, not {}",
                                           stream::kMaxExpectations, pipeline.expectations.size()));
    }
  }

  void read_sinks(const Value& value, Pipeline& pipeline) {
    if (!has("to") || value.is_unresolved()) return;
    if (value.is_list()) {
      for (const Value& item : value.list()) add_sink(item, pipeline);
      if (value.list().empty()) report(value.location(), "'to' needs a sink");
    } else {
      add_sink(value, pipeline);
    }
    if (pipeline.is_view() &&
        (pipeline.sinks.size() > 1 ||
         (pipeline.sinks.size() == 1 && pipeline.sinks.front().connector != "delta"))) {
      report(value.location(), "a view goes to one Delta table: `to: {delta: {table: …}}`");
    }
  }

  void read_dead_letters(const Value& value, Pipeline& pipeline) {
    if (!has("dead_letters") || value.is_unresolved()) return;
    auto sink = read_sink(
        context_.registry, context_.connections,
        [this](const std::string& name) { return read_named(name); }, value, problems_);
    if (!sink) return;
    if (sink->connector != "kafka") {
      report(sink->location, fmt::format("'dead_letters' may be `kafka: {{topic: …}}`, not '{}'; "
                                         "left out, they go to the table {}",
                                         sink->connector, dead_letter_table(pipeline)));
      return;
    }
    for (const char* key :
         {"encode", "key", "encode_key", "headers", "partition", "timestamp", "exclude"}) {
      if (const Value* given = sink->options.find(key)) {
        report(given->location(),
               fmt::format("'{}' does not apply to dead letters, whose messages are laid out as "
                           "the documentation says",
                           key));
      }
    }
    for (const ConnectorBlock& other : pipeline.sinks) {
      const Value* topic = other.connector == "kafka" ? other.options.find("topic") : nullptr;
      const Value* own = sink->options.find("topic");
      if (topic != nullptr && own != nullptr && topic->is_scalar() && own->is_scalar() &&
          topic->text() == own->text()) {
        report(own->location(), "dead letters need a topic of their own: 'to' writes to this one");
      }
    }
    pipeline.dead_letters = std::move(sink);
  }

  void add_sink(const Value& value, Pipeline& pipeline) {
    auto sink = read_sink(
        context_.registry, context_.connections,
        [this](const std::string& name) { return read_named(name); }, value, problems_);
    if (!sink) return;
    if (lake_table(*sink).starts_with("dead_letter.")) {
      report(sink->options.find("table")->location(),
             fmt::format("'{}': the schema dead_letter is Lakeward's own; name another",
                         lake_table(*sink)));
    }
    if (pipeline.is_view()) make_overwriting(*sink);
    pipeline.sinks.push_back(*std::move(sink));
  }

  // A view replaces its table as a whole: the sink's `mode` says so, whether the user did or not.
  void make_overwriting(ConnectorBlock& sink) {
    if (sink.connector != "delta") return;
    const Value* mode = sink.options.find("mode");
    if (mode != nullptr) {
      if (mode->is_scalar() && mode->text() != "overwrite") {
        report(mode->location(), fmt::format("a view replaces its table: 'mode' is overwrite, not "
                                             "'{}'",
                                             mode->text()));
      }
      return;
    }
    Value::Map options = sink.options.map();
    options.push_back(
        {"mode", sink.location, Value(Value::Scalar{.text = "overwrite"}, sink.location)});
    sink.options = Value(std::move(options), sink.options.location());
  }

  void read_trigger(const Value& value, Pipeline& pipeline) {
    pipeline.trigger.location = value.is_null() ? document_.root.location() : value.location();
    if (value.is_null() || value.is_unresolved()) return;
    if (value.is_scalar() && value.text() == "once") {
      pipeline.trigger.kind = Trigger::Kind::kOnce;
      return;
    }
    const char* const kForms = "expected `every: 1s`, `once` or `after: [pipelines]`";
    if (!value.is_map() || value.map().size() != 1) {
      report(value.location(), fmt::format("'trigger': {}", kForms));
      return;
    }
    const size_t before = problems_.size();
    const TriggerKeys keys = trigger_keys().parse(value, problems_);
    if (problems_.size() != before) return;
    const Value::Entry& entry = value.map().front();
    if (entry.key == "cron") {
      report(entry.key_location, "the trigger 'cron' is not supported yet; " + std::string(kForms));
    } else if (entry.key == "once") {
      pipeline.trigger.kind = Trigger::Kind::kOnce;
      const bool plain =
          keys.once.is_null() || (keys.once.is_scalar() && keys.once.text() == "true");
      if (!plain) report(keys.once.location(), "'once' takes no options");
    } else if (entry.key == "after") {
      pipeline.trigger.kind = Trigger::Kind::kAfter;
      pipeline.trigger.after = keys.after;
      if (keys.after.empty()) report(entry.value.location(), "'after' needs a pipeline");
    } else if (keys.every) {
      pipeline.trigger.every = *keys.every;
    }
  }

  const ReadingContext& context_;
  const YamlDocument& document_;
  const std::string& file_;
  Problems& problems_;
};

}  // namespace

std::optional<Pipeline> read_pipeline(const ReadingContext& context, const YamlDocument& document,
                                      const std::string& file, Problems& problems) {
  return PipelineReader(context, document, file, problems).read();
}

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || (name[0] >= '0' && name[0] <= '9')) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::string> read_text_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return not_found(fmt::format("there is no file '{}'", path.string()));
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    return invalid_argument(fmt::format("'{}' is no file", path.string()));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return errno_status(errno, "read", path.string());
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return errno_status(errno, "read", path.string());
  return text;
}

}  // namespace lakeward::project
