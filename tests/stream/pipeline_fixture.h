// A whole pipeline in memory, whose parts live on when its runner is killed.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/database.h"
#include "format/debezium_format.h"
#include "format/json_format.h"
#include "io/memory_store.h"
#include "stream/accounting_json.h"
#include "stream/pipeline_runner.h"
#include "support/faulty_store.h"
#include "support/memory_pipeline.h"

namespace lakeward::stream {

inline engine::Database& test_database() {
  static const std::unique_ptr<engine::Database> database = [] {
    engine::DatabaseOptions options;
    options.threads = 2;
    return std::move(engine::Database::open(options)).value();
  }();
  return *database;
}

class Reports final : public Observer {
 public:
  void epoch_finished(const EpochReport& report) override {
    epochs.push_back(report);
    total += report.accounting;
    if (stop_after && epochs.size() >= *stop_after) stop.request_stop();
  }
  void retrying(const Status& error, uint64_t, Duration delay) override {
    errors.push_back(error.message());
    delays.push_back(delay);
    if (heal) heal(errors.size());
  }
  bool gives_up(const Status&) override { return give_up_after == errors.size(); }
  void idle() override {
    ++idles;
    if (stop_when_idle) stop.request_stop();
  }
  std::vector<EpochReport> epochs;
  Accounting total;
  std::vector<std::string> errors;
  std::vector<Duration> delays;
  std::function<void(size_t)> heal;
  std::optional<size_t> give_up_after;  // retries
  size_t idles = 0;
  std::optional<size_t> stop_after;
  bool stop_when_idle = false;
  std::stop_source stop;
};

// What a test sets before run().
struct TestPipeline {
  engine::Schema columns = {{"id", "BIGINT"}, {"name", "VARCHAR"}};
  std::string transform = "SELECT * FROM input";
  std::vector<Expectation> expectations;
  format::OnMalformed on_malformed = format::OnMalformed::kDeadLetter;
  Limits limits;
  size_t sinks = 1;
  std::vector<std::string> lake_tables;
  TableCatalog* tables = nullptr;
  bool is_view = false;
  bool reads_changes = false;  // the topic has Debezium's events
  std::shared_ptr<format::SchemaSource>
      schemas;  // by which the records are framed; null: they are not

  test::MemoryTopic topic;
  test::MemoryTable table;
  test::MemoryTable second_table;
  test::MemoryTable dead_letters;
  io::MemoryStore store;
  test::FaultyStore faulty_store{store};
  test::Fuse fuse;
  ManualClock clock{Timestamp::from_millis(1'700'000'000'000)};
  Random random{42};
  Reports reports;

  void send(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const std::string id = std::to_string(topic.records.size());
      topic.records.push_back("{\"id\":" + id + ",\"name\":\"the name of number " + id + "\"}");
    }
  }
  void send(std::string record) { topic.records.push_back(std::move(record)); }

  void send_tombstone() {
    topic.tombstones.insert(topic.records.size());
    topic.records.emplace_back();
  }

  Result<PipelineSpec> spec() {
    PipelineSpec spec;
    spec.name = "readings";
    if (!is_view) {
      spec.source = std::make_unique<test::MemorySource>(topic, fuse);
      format::JsonOptions options;
      options.columns = columns;
      options.on_malformed = on_malformed;
      options.is_framed = schemas != nullptr;
      options.source = schemas;
      options.clock = &clock;
      ASSIGN_OR_RETURN(spec.format, format::make_json_format(options));
      if (reads_changes) {
        ASSIGN_OR_RETURN(spec.format, format::make_debezium_format(
                                          {.columns = columns, .on_malformed = on_malformed}));
      }
    }
    spec.transform = transform;
    spec.expectations = expectations;
    spec.limits = limits;
    spec.lake_tables = lake_tables;
    spec.tables = tables;
    return spec;
  }

  // A new process: everything but the topic, tables and store is made afresh.
  Result<std::unique_ptr<PipelineRunner>> start() {
    ASSIGN_OR_RETURN(PipelineSpec ready, spec());
    ASSIGN_OR_RETURN(ready.checkpoint,
                     checkpoint::CheckpointLog::open(faulty_store, "checkpoint", random));
    ready.sinks.push_back(std::make_unique<test::MemorySink>("sink", table, fuse));
    if (sinks > 1) {
      ready.sinks.push_back(std::make_unique<test::MemorySink>("second", second_table, fuse));
    }
    ready.dead_letters = std::make_unique<test::MemorySink>("dead_letter", dead_letters, fuse);
    return PipelineRunner::make(std::move(ready),
                                {clock, random, test_database(), &reports, 1ULL << 30});
  }

  Status drain() {
    ASSIGN_OR_RETURN(const std::unique_ptr<PipelineRunner> runner, start());
    return runner->drain({});
  }
};

}  // namespace lakeward::stream
