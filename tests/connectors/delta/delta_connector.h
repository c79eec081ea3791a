// A Delta sink and, over the same lake, whatever reads from it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/source_driver.h"
#include "delta/scan.h"
#include "delta/table.h"

namespace lakeward::test {

inline constexpr const char* kDeltaTable = "bronze.readings";

class DeltaConnector : public ::testing::Test {
 protected:
  std::unique_ptr<stream::Sink> make_sink(OptionList more = {}, const std::string& query = "q") {
    more.emplace_back("table", scalar(kDeltaTable));
    auto sink = world.registry.sink("delta")->make(
        {.pipeline = "p", .query_id = query, .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  static Status put(World& world, stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = world.database->make_session().value();
    ASSIGN_OR_RETURN(stream::Committable written,
                     sink.writer().write(*session, select, {epoch, world.clock.now()}));
    return sink.committer().commit({epoch, world.clock.now()}, std::move(written), {});
  }
  void append(const std::string& select) {
    world.clock.advance(Duration{1'000'000});
    const Status status = put(world, *sink, select, next_epoch++);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  lakeward::delta::Table table() {
    return lakeward::delta::Table::open(*world.lake, "bronze/readings", *world.database).value();
  }
  // The rows of a SELECT as text, sorted.
  std::vector<std::string> rows(const std::string& select) {
    const auto session = world.database->make_session().value();
    const auto rows =
        session->query("SELECT CAST(row(*COLUMNS(*)) AS VARCHAR) FROM (" + select + ") ORDER BY 1");
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    std::vector<std::string> texts;
    for (size_t i = 0; rows.ok() && i < rows->size(); ++i) texts.push_back(rows->text(i, 0));
    return texts;
  }
  std::vector<std::string> table_rows() {
    const lakeward::delta::Table opened = table();
    return rows(lakeward::delta::scan(opened, opened.snapshot().value()).value().sql);
  }

  SourceRun start(OptionList more = {}) {
    more.emplace_back("table", scalar(kDeltaTable));
    SourceRun run(world, "delta", options(more));
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }
  std::vector<std::string> read(SourceRun& run, const stream::OffsetRange& range) {
    const auto input = run.source().read({.range = range, .only = {}});
    EXPECT_TRUE(input.ok()) << input.status().message();
    if (!input.ok()) return {};
    return rows("SELECT * EXCLUDE (_position) FROM (" +
                std::get<stream::InputRelation>(*input).select + ")");
  }
  // Epoch by epoch, until nothing is left.
  std::vector<std::vector<std::string>> drain(SourceRun& run,
                                              std::optional<stream::Offset> from = std::nullopt,
                                              stream::Limits limits = {}) {
    std::vector<std::vector<std::string>> epochs;
    while (true) {
      const auto to = run.plan(from, limits, stream::PlanMode::kDrain);
      EXPECT_TRUE(to.ok()) << to.status().message();
      if (!to.ok() || !*to) return epochs;
      epochs.push_back(read(run, {from, **to}));
      from = **to;
    }
  }

  World world;
  int64_t next_epoch = 0;
  std::unique_ptr<stream::Sink> sink = make_sink();
};

}  // namespace lakeward::test
