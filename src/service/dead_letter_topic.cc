#include "service/dead_letter_topic.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/units.h"
#include "engine/sql_text.h"
#include "stream/record_table.h"

namespace lakeward::service {
namespace {

using config::Value;
using engine::quote_identifier;
using engine::quote_literal;

constexpr const char* kRecordTable = "lakeward_letter_records";
constexpr const char* kPipelineHeader = "__connect.errors.connector.name";

struct HeaderColumn {
  const char* header;
  const char* column;
  const char* type;
};
constexpr size_t kLargestRow = 65'536;  // bytes
constexpr std::array<HeaderColumn, 11> kHeaders = {{
    {"lakeward.epoch", "epoch", "BIGINT"},
    {"lakeward.rejected_at", "rejected_at", "TIMESTAMPTZ"},
    {"__connect.errors.exception.message", "reason", "VARCHAR"},
    {"lakeward.expectation", "expectation", "VARCHAR"},
    {"__connect.errors.topic", "topic", "VARCHAR"},
    {"__connect.errors.partition", "partition", "INTEGER"},
    {"__connect.errors.offset", "offset", "BIGINT"},
    {"lakeward.timestamp", "timestamp", "TIMESTAMPTZ"},
    {"lakeward.file", "file", "VARCHAR"},
    {"lakeward.line", "line", "BIGINT"},
    {"lakeward.row", "row", "VARCHAR"},
}};

Value text(const std::string& text) {
  return Value(Value::Scalar{.text = text, .quoted = true}, config::Location());
}

Value::Entry entry(const std::string& key, Value value) {
  return {key, config::Location(), std::move(value)};
}

// A header's place in the JSON object of all.
std::string path_of(const std::string& header, const char* element = "") {
  return quote_literal("$.\"" + header + "\"" + element);
}

// What `headers`, such an object, says of ours: the last one of its name.
std::string own_header(const std::string& headers, const std::string& header) {
  return "CASE json_type(" + headers + ", " + path_of(header) + ") WHEN 'ARRAY' THEN " + headers +
         "->>" + path_of(header, "[#-1]") + " ELSE " + headers + "->>" + path_of(header) + " END";
}

// The user's options with the layout of dead letters.
Value sink_options(const Value& given) {
  Value::Map options = given.map();
  Value::Map headers = {entry("*", text("headers")), entry(kPipelineHeader, text("pipeline"))};
  for (const HeaderColumn& one : kHeaders) headers.push_back(entry(one.header, text(one.column)));
  options.push_back(entry("headers", Value(std::move(headers), config::Location())));
  options.push_back(entry("key", text("key_bytes")));
  options.push_back(
      entry("encode", Value(Value::Map{entry("raw", text("raw"))}, config::Location())));
  return Value(std::move(options), config::Location());
}

// Those of the sink's options that a source has, too: how to reach the topic.
Value source_options(const Value& given, const std::vector<config::OptionInfo>& known) {
  Value::Map options;
  for (const Value::Entry& one : given.map()) {
    if (std::any_of(known.begin(), known.end(),
                    [&](const auto& option) { return option.name == one.key; })) {
      options.push_back(one);
    }
  }
  return Value(std::move(options), config::Location());
}

// A column as the text of its header. If the record itself has a header of that name, as a dead
// letter of another pipeline does, there must be one of ours behind it even if it says nothing.
std::string header_text(const HeaderColumn& one) {
  const std::string column = quote_identifier(one.column);
  std::string value = std::string_view(one.type) == "TIMESTAMPTZ"
                          ? "strftime(timezone('UTC', " + column + "), '%Y-%m-%dT%H:%M:%S.%gZ')"
                          : "CAST(" + column + " AS VARCHAR)";
  if (std::string_view(one.column) == "row") {
    // The record that it was made of is there: together they could be more than the topic takes.
    value = "CASE WHEN strlen(" + column + ") <= " + std::to_string(kLargestRow) + " THEN " +
            column + " END";
  }
  return "coalesce(" + value + ", CASE WHEN json_exists(headers, " + path_of(one.header) +
         ") THEN '' END) AS " + column;
}

// Gives the rows of dead letters to a sink, with the pipeline's name beside them.
class DeadLetterTopic final : public stream::Sink, private stream::SinkWriter {
 public:
  DeadLetterTopic(std::unique_ptr<stream::Sink> topic, std::string pipeline)
      : topic_(std::move(topic)), pipeline_(std::move(pipeline)) {}

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return topic_->committer(); }
  std::string name() const override { return topic_->name(); }
  std::string problem() const override { return topic_->problem(); }

 private:
  Status check(const engine::Schema& rows) override {
    engine::Schema given = rows;
    for (engine::Column& column : given) {
      if (column.type != "BLOB") column.type = "VARCHAR";
    }
    given.push_back({"pipeline", "VARCHAR"});
    return topic_->writer().check(given);
  }
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override {
    std::string texts;
    for (const HeaderColumn& one : kHeaders)
      texts += (texts.empty() ? "" : ", ") + header_text(one);
    return topic_->writer().write(session,
                                  "SELECT * REPLACE (" + texts + "), " + quote_literal(pipeline_) +
                                      " AS pipeline FROM (" + select + "\n) AS letters",
                                  epoch);
  }
  void discard(stream::Committable committable) override {
    topic_->writer().discard(std::move(committable));
  }

  std::unique_ptr<stream::Sink> topic_;
  std::string pipeline_;
};

class TopicLetters final : public Letters {
 public:
  TopicLetters(std::unique_ptr<stream::Source> topic, std::string pipeline)
      : topic_(std::move(topic)), pipeline_(std::move(pipeline)) {}

  stream::Source& source() override { return *topic_; }
  bool are_records() const override { return true; }

  Result<DefinedLetters> define(engine::Session& session,
                                const stream::ReadRequest& request) override {
    auto records = std::make_shared<stream::RecordTable>(*topic_, nullptr);
    records->set_range(request.range, request.only);
    records->stop_by(request.stop);
    RETURN_IF_ERROR(session.define_relation(kRecordTable, *records));
    std::vector<std::string> added = {kPipelineHeader};
    for (const HeaderColumn& one : kHeaders) added.emplace_back(one.header);
    return DefinedLetters{select(), std::move(records), std::move(added)};
  }

 private:
  // A topic may have letters of other pipelines, and messages that are none.
  std::string select() const {
    std::string columns;
    for (const HeaderColumn& one : kHeaders) {
      // Anybody may write into the topic: what is not of the type says nothing.
      columns += ", TRY_CAST(nullif(" + own_header("json_headers", one.header) + ", '') AS " +
                 one.type + ") AS " + quote_identifier(one.column);
    }
    return "SELECT _position, _key AS \"key\", _key_bytes AS key_bytes, _raw_bytes AS raw, "
           "_headers AS headers" +
           columns + " FROM (SELECT *, CAST(_headers AS JSON) AS json_headers FROM " +
           kRecordTable + ") WHERE " + own_header("json_headers", kPipelineHeader) + " = " +
           quote_literal(pipeline_);
  }

  std::unique_ptr<stream::Source> topic_;
  std::string pipeline_;
};

}  // namespace

Result<std::unique_ptr<stream::Sink>> make_dead_letter_topic(Workspace& workspace,
                                                             const project::Pipeline& pipeline,
                                                             const std::string& query_id,
                                                             bool replay) {
  const project::ConnectorBlock& block = *pipeline.dead_letters;
  const stream::SinkType* type = workspace.registry().sink(block.connector);
  CHECK(type != nullptr, "the project's blocks are checked");
  ASSIGN_OR_RETURN(auto topic,
                   type->make({pipeline.name, query_id, sink_options(block.options), replay},
                              workspace.environment()));
  return std::unique_ptr<stream::Sink>(
      std::make_unique<DeadLetterTopic>(std::move(topic), pipeline.name));
}

Result<std::unique_ptr<Letters>> make_topic_letters(Workspace& workspace,
                                                    const project::Pipeline& pipeline,
                                                    std::optional<Timestamp> since) {
  const project::ConnectorBlock& block = *pipeline.dead_letters;
  const stream::SourceType* type = workspace.registry().source(block.connector);
  CHECK(type != nullptr, "what has a sink here has a source");
  Value options = source_options(block.options, type->options);
  if (since) {
    Value::Map map = options.map();
    map.push_back(entry("start", text(format_timestamp(*since))));
    options = Value(std::move(map), block.options.location());
  }
  ASSIGN_OR_RETURN(auto topic,
                   type->make({pipeline.name, options, nullptr, ""}, workspace.environment()));
  return std::unique_ptr<Letters>(std::make_unique<TopicLetters>(std::move(topic), pipeline.name));
}

}  // namespace lakeward::service
