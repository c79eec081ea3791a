#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "connectors/simulator/generators.h"
#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using connectors::simulator::Defect;
using connectors::simulator::Generator;
using connectors::simulator::GeneratorOptions;
using ::testing::HasSubstr;

std::string record(const Generator& generator, uint64_t k) {
  std::string text(Generator::kMaxRecordBytes, '\0');
  text.resize(static_cast<size_t>(generator.write(k, text.data()) - text.data()));
  return text;
}

const GeneratorOptions kOptions{.seed = 7, .start = {1'767'225'600'000'000}};

class Generators : public ::testing::TestWithParam<std::string> {};

TEST_P(Generators, MakeRecordsWithTheirDeclaredColumns) {
  const auto generator = connectors::simulator::make_generator(GetParam(), kOptions).value();
  for (uint64_t k = 0; k < 1000; ++k) {
    const auto json = nlohmann::ordered_json::parse(record(*generator, k));
    std::vector<std::string> names, expected;
    for (const auto& [key, value] : json.items()) names.push_back(key);
    for (const engine::Column& column : generator->schema()) expected.push_back(column.name);
    ASSERT_EQ(names, expected);
  }
}

TEST_P(Generators, MakeTheSameRecordForTheSameSeed) {
  const auto one = connectors::simulator::make_generator(GetParam(), kOptions).value();
  const auto two = connectors::simulator::make_generator(GetParam(), kOptions).value();
  GeneratorOptions other = kOptions;
  other.seed = 8;
  const auto three = connectors::simulator::make_generator(GetParam(), other).value();
  size_t different = 0;
  for (const uint64_t k : {999, 0, 5, 1'000'000}) {
    EXPECT_EQ(record(*one, k), record(*two, k));
    different += record(*one, k) != record(*three, k) ? 1 : 0;
  }
  EXPECT_GT(different, 0u);
}

TEST_P(Generators, BreakTheShareOfRecordsThatIsAskedForInEveryWay) {
  GeneratorOptions options = kOptions;
  options.invalid = 0.25;
  const auto good = connectors::simulator::make_generator(GetParam(), kOptions).value();
  const auto bad = connectors::simulator::make_generator(GetParam(), options).value();
  std::map<Defect, size_t> defects;
  for (uint64_t k = 0; k < 10'000; ++k) {
    const Defect defect = connectors::simulator::defect_of(options, k);
    ++defects[defect];
    if (defect == Defect::kNone) {
      ASSERT_EQ(record(*bad, k), record(*good, k));
    } else {
      ASSERT_NE(record(*bad, k), record(*good, k)) << k;
    }
    ASSERT_EQ(nlohmann::json::accept(record(*bad, k)), defect != Defect::kMalformed);
  }
  EXPECT_EQ(defects.size(), 7u);
  EXPECT_NEAR(static_cast<double>(defects[Defect::kNone]), 7500, 200);
}

INSTANTIATE_TEST_SUITE_P(All, Generators,
                         ::testing::Values("sensors", "iot", "bonds", "events", "users"),
                         [](const auto& info) { return info.param; });

TEST(SensorsGenerator, MakesTheRecordOfTheExample) {
  const auto generator = connectors::simulator::make_generator("sensors", kOptions).value();
  const std::regex shape(
      R"re(\{"timestamp":"2026-01-01T0\d:\d\d:\d\d(Z|\+01:00)","device_id":"sensor-\d{3}",)re"
      R"re("building":"[A-E]","floor":\d,"type":"(temperature|humidity|co2|pressure)",)re"
      R"re("value":\d+\.\d\d,"unit":"(C|%|ppm|hPa)"\})re");
  for (uint64_t k = 0; k < 1000; ++k) {
    EXPECT_TRUE(std::regex_match(record(*generator, k), shape)) << record(*generator, k);
  }
}

TEST(IotGenerator, MakesUuidsAndValuesInRange) {
  const auto generator = connectors::simulator::make_generator("iot", kOptions).value();
  const std::regex shape(
      R"re(\{"device_id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",)re"
      R"re("temperature":\d+\.\d\d,"humidity":\d+\.\d\d,"date":"2026-01-01T[0-9:.]{15}"\})re");
  for (uint64_t k = 0; k < 1000; ++k) {
    const std::string text = record(*generator, k);
    EXPECT_TRUE(std::regex_match(text, shape)) << text;
    const auto json = nlohmann::json::parse(text);
    EXPECT_TRUE(json["temperature"] >= 4.0 && json["temperature"] <= 45.0);
    EXPECT_TRUE(json["humidity"] >= 40 && json["humidity"] <= 90);
  }
}

TEST(GeneratorNames, SuggestTheNameThatWasMeant) {
  const auto made = connectors::simulator::make_generator("sensor", kOptions);
  EXPECT_THAT(made.status().message(), HasSubstr("did you mean 'sensors'?"));
}

config::Value simulator(OptionList more) {
  more.emplace_back("name", scalar("sensors"));
  return options(more);
}

TEST(SimulatorSource, KeepsItsPace) {
  World world;
  SourceRun run(world, "simulator", simulator({{"rate", scalar("100")}}));
  ASSERT_TRUE(run.attach().ok());
  EXPECT_FALSE(run.plan(std::nullopt).value());
  world.clock.advance(Duration{500'000});
  const auto first = run.plan(std::nullopt).value();
  EXPECT_EQ(first, "{\"next\":50}");
  EXPECT_FALSE(run.plan(first).value());
  world.clock.advance(Duration{1'000'000});
  EXPECT_EQ(run.plan(first, {.rows = 10}).value(), "{\"next\":60}");
  EXPECT_EQ(run.plan(first).value(), "{\"next\":150}");
}

TEST(SimulatorSource, DoesNotPileUpWhatWasDueWhileNothingRan) {
  World world;
  const auto options = simulator({{"rate", scalar("100")}});
  {
    SourceRun run(world, "simulator", options);
    ASSERT_TRUE(run.attach().ok());
  }
  world.clock.advance(std::chrono::hours(24));
  SourceRun run(world, "simulator", options);
  ASSERT_TRUE(run.attach().ok());
  EXPECT_FALSE(run.plan(stream::Offset("{\"next\":50}")).value());
}

TEST(SimulatorSource, DrainsToTheCountWithoutWaiting) {
  World world;
  SourceRun run(world, "simulator", simulator({{"rate", scalar("1")}, {"count", scalar("2500")}}));
  ASSERT_TRUE(run.attach().ok());
  const auto epochs = run.drain(std::nullopt, {.rows = 1000});
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[2].size(), 500u);
}

TEST(SimulatorSource, RefusesToDrainWithoutEnd) {
  World world;
  SourceRun run(world, "simulator", simulator({}));
  ASSERT_TRUE(run.attach().ok());
  const auto plan = run.plan(std::nullopt, {}, stream::PlanMode::kDrain);
  EXPECT_THAT(plan.status().message(), HasSubstr("set 'count'"));
}

TEST(SimulatorSource, MakesTheSameRangeAgainInAnotherProcess) {
  World world;
  const auto options = simulator({{"count", scalar("100000")}, {"invalid", scalar("0.1")}});
  const stream::OffsetRange range{"{\"next\":1000}", "{\"next\":90000}"};
  std::vector<ReadRecord> before;
  {
    SourceRun run(world, "simulator", options);
    ASSERT_TRUE(run.attach().ok());
    before = run.read(range).value();
    EXPECT_EQ(before.size(), 89'000u);
  }
  world.clock.advance(std::chrono::hours(1));
  SourceRun run(world, "simulator", options);
  ASSERT_TRUE(run.attach().ok());
  EXPECT_EQ(run.read(range, {}, false, 4).value(), before);
  EXPECT_EQ(run.read(range, {before[5].position, before[70'000].position}).value(),
            (std::vector<ReadRecord>{before[5], before[70'000]}));
}

TEST(SimulatorSource, RefusesACheckpointOfOtherRecords) {
  World world;
  {
    SourceRun run(world, "simulator", simulator({{"seed", scalar("1")}}));
    ASSERT_TRUE(run.attach().ok());
  }
  SourceRun run(world, "simulator", simulator({{"seed", scalar("2")}}));
  EXPECT_THAT(run.attach().message(), HasSubstr("'seed' is 2 now"));
}

TEST(SimulatorOptions, AreCheckedByName) {
  World world;
  config::Problems problems;
  world.registry.source("simulator")
      ->check(options({{"name", scalar("sensor")}, {"invalid", scalar("2")}, {"rte", scalar("1")}}),
              problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr("rate"));
}

}  // namespace
}  // namespace lakeward::test
