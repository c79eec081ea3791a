#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>

#include "connectors/http/http_server.h"
#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

using testing::HasSubstr;

// A project with one pipeline from JSON Lines to bronze.readings.
class ReadingsProject {
 public:
  ReadingsProject() {
    write_text(path() / "lakeward.yaml", "project: readings\nlake: ./lake\n");
    declare("value < 100");
    write_text(path() / "input" / "a.jsonl",
               "{\"id\":1,\"value\":5}\n{\"id\":2,\"value\":500}\n{\"id\":3,\"val");
  }
  void declare(const std::string& check) {
    write_text(path() / "pipelines" / "readings.yaml",
               "pipeline: readings\n"
               "from: {file: {path: \"input/*.jsonl\", settle: 0s}}\n"
               "decode: {json: {columns: {id: INTEGER, value: DOUBLE}}}\n"
               "expect: {in_range: {check: \"" +
                   check +
                   "\", otherwise: dead_letter}}\n"
                   "to: {delta: {table: bronze.readings}}\n"
                   "trigger: {every: 10ms}\n");
  }
  ProcessResult call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--project", path().string()});
    return run_lakeward(arguments);
  }
  std::string ids() {
    return call({"query", "SELECT id FROM bronze.readings ORDER BY id", "--format", "csv"}).out;
  }
  std::filesystem::path path() const { return folder_.path() / "project"; }

 private:
  TempFolder folder_;
};

// A process that is killed at once has not told of itself.
TEST(Status, CallsAPipelineWithEpochsStoppedThoughNoProcessSaidSo) {
  ReadingsProject project;
  EXPECT_THAT(project.call({"status", "--json"}).out, HasSubstr(R"("state":"new")"));
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  std::filesystem::path told;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(project.path())) {
    if (entry.path().filename() == "status.json") told = entry.path();
  }
  ASSERT_TRUE(std::filesystem::remove(told));
  EXPECT_THAT(project.call({"status", "--json"}).out, HasSubstr(R"("state":"stopped","epoch":0)"));
}

TEST(Replay, BringsInWhatAFixHasMendedAndNothingTwice) {
  ReadingsProject project;
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  EXPECT_EQ(project.ids(), "id\n1\n");
  project.declare("value < 1000");
  const ProcessResult first = project.call({"dlq", "replay", "readings"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("2 dead letters replayed: 1 row written, 0 left out, 1 "
                                   "rejected again"));
  EXPECT_EQ(project.ids(), "id\n1\n2\n");
  const ProcessResult second = project.call({"dlq", "replay", "readings"});
  EXPECT_THAT(second.err, HasSubstr("1 dead letter replayed: 0 rows written"));
  EXPECT_EQ(project.ids(), "id\n1\n2\n");
}

TEST(Replay, TellsTheCausesOfWhatIsRejectedAgain) {
  ReadingsProject project;
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  EXPECT_THAT(project.call({"dlq", "replay", "readings", "--json"}).out,
              HasSubstr(R"("dead_letters":{"in_range":1,"malformed":1})"));
}

TEST(DeadLetters, AreToldApartFromThoseThatWereReplayed) {
  ReadingsProject project;
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  const auto counts = [&] { return project.call({"dlq", "list", "readings", "--json"}).out; };
  EXPECT_THAT(counts(), HasSubstr(R"("in_range","dead_letters":1,"waiting":1,"replayed":0)"));
  project.declare("value < 1000");
  ASSERT_EQ(project.call({"dlq", "replay", "readings"}).exit_code, 0);
  EXPECT_THAT(counts(), HasSubstr(R"("in_range","dead_letters":1,"waiting":0,"replayed":1)"));
  // What was refused again waits again.
  EXPECT_THAT(counts(), HasSubstr(R"("malformed","dead_letters":2,"waiting":1,"replayed":1)"));
}

TEST(DeadLetters, AreCountedOfAllPipelinesIfNoneIsNamed) {
  ReadingsProject project;
  write_text(project.path() / "pipelines" / "clean.yaml",
             "pipeline: clean\n"
             "from: {delta: {table: bronze.readings}}\n"
             "to: {delta: {table: silver.clean}}\n");
  const auto list = [&] { return project.call({"dlq", "list", "--json"}).out; };
  EXPECT_THAT(list(), HasSubstr(R"("kept_in":"table dead_letter.readings","dead_letters":0)"));
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  EXPECT_THAT(
      list(),
      testing::MatchesRegex(
          R"(\{"pipeline":"clean",.*"dead_letters":0,"waiting":0,"replayed":0,"first":null.*)"
          "\n"
          R"(\{"pipeline":"readings",.*"dead_letters":2,"waiting":2,"replayed":0,"first":".*)"));
  project.declare("value < 1000");
  ASSERT_EQ(project.call({"dlq", "replay", "readings"}).exit_code, 0);
  EXPECT_THAT(list(), HasSubstr(R"("dead_letters":3,"waiting":1,"replayed":2)"));
  // One whose dead letters are out of reach hides no other's.
  write_text(project.path() / "pipelines" / "away.yaml",
             "pipeline: away\n"
             "from: {file: {path: \"input/*.jsonl\"}}\n"
             "decode: raw\n"
             "to: {delta: {table: bronze.away}}\n"
             "dead_letters: {kafka: {brokers: \"127.0.0.1:1\", topic: gone}}\n");
  const ProcessResult result = project.call({"dlq", "list"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("topic gone"));
  EXPECT_THAT(result.out, HasSubstr("table dead_letter.readings"));
  EXPECT_THAT(result.err, HasSubstr("away: kafka: "));
  EXPECT_THAT(result.err, HasSubstr("not known: the dead letters of away"));
}

TEST(DeadLetters, AreShownAsBytesIfTheyAreNoText) {
  ReadingsProject project;
  const struct {
    std::string raw;
    const char* shown;
    const char* json;
  } cases[] = {
      {"no JSON", "no JSON", R"("raw":"no JSON","raw_encoding":"text")"},
      {std::string("\xff\0ab\\c", 6), "0xff0061625c63 (6 bytes: ..ab.c)",
       R"("raw":"FF0061625C63","raw_encoding":"hex")"},
      {"\xff" + std::string(40, 'x'),
       "0xff787878787878787878787878787878… (41 bytes: .xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)",
       R"("raw_encoding":"hex")"},
  };
  std::string input;
  for (const auto& one : cases) input += one.raw + "\n";
  write_text(project.path() / "input" / "b.jsonl", input);
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  const std::string shown = project.call({"dlq", "show", "readings"}).out;
  const std::string json = project.call({"dlq", "show", "readings", "--json"}).out;
  for (const auto& one : cases) {
    EXPECT_THAT(shown, HasSubstr(one.shown));
    EXPECT_THAT(json, HasSubstr(one.json));
  }
}

TEST(Run, StopsCleanlyAtASignalAndKeepsASecondProcessOut) {
  ReadingsProject project;
  Process running({lakeward_binary(), "run", "--project", project.path().string()});
  ASSERT_TRUE(eventually([&] { return project.ids() == "id\n1\n"; })) << running.err();
  const ProcessResult second = project.call({"run", "--once"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("already running"));
  EXPECT_THAT(project.call({"status"}).out, testing::Not(HasSubstr("failed")));
  running.send_signal(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

TEST(Run, StopsCleanlyWhenItsTerminalIsClosedUnlessToldNotTo) {
  for (const bool nohup : {false, true}) {
    ReadingsProject project;
    std::vector<std::string> command = {lakeward_binary(), "run", "--project",
                                        project.path().string()};
    if (nohup) {
      command.insert(command.begin(), "nohup");
    } else {
      command.insert(command.begin(), {"env", "--default-signal=HUP"});
    }
    Process running(command);
    ASSERT_TRUE(eventually([&] { return project.ids() == "id\n1\n"; })) << running.err();
    running.send_signal(SIGHUP);
    if (nohup) {
      write_text(project.path() / "input" / "b.jsonl", "{\"id\":4,\"value\":5}\n");
      ASSERT_TRUE(eventually([&] { return project.ids() == "id\n1\n4\n"; })) << running.err();
      running.send_signal(SIGINT);
    }
    EXPECT_EQ(running.wait().exit_code, 130);
  }
}

TEST(Run, CallsAPipelineStoppedThatWasNotDrained) {
  ReadingsProject project;
  write_text(project.path() / "pipelines" / "readings.yaml",
             "pipeline: readings\n"
             "from: {file: {path: \"input/*.jsonl\", settle: 10h}}\n"
             "decode: {json: {columns: {id: INTEGER}}}\n"
             "to: {delta: {table: bronze.readings}}\n");
  Process running(
      {lakeward_binary(), "run", "--once", "--json", "--project", project.path().string()});
  const auto checkpoint = project.path() / "lake" / "_lakeward" / "checkpoints" / "readings";
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(checkpoint); })) << running.err();
  running.send_signal(SIGINT);
  const ProcessResult result = running.wait();
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.out, HasSubstr(R"("outcome":"stopped")"));
}

// Beside the readings, a pipeline whose server nobody has started. It is planned first.
void add_pipeline_that_waits(const ReadingsProject& project) {
  write_text(project.path() / "pipelines" / "away.yaml",
             "pipeline: away\n"
             "from: {http: {url: \"http://127.0.0.1:1/x\"}}\n"
             "decode: {json: {columns: {id: INTEGER}}}\n"
             "to: {delta: {table: bronze.away}}\n");
  write_text(project.path() / "pipelines" / "behind.yaml",
             "pipeline: behind\n"
             "from: {delta: {table: bronze.away}}\n"
             "to: {delta: {table: silver.behind}}\n");
}

TEST(Run, DrainsOthersWhileOnePipelineWaits) {
  ReadingsProject project;
  add_pipeline_that_waits(project);
  Process running(
      {lakeward_binary(), "run", "--once", "--json", "--project", project.path().string()});
  ASSERT_TRUE(eventually([&] { return project.ids() == "id\n1\n"; })) << running.err();
  running.send_signal(SIGINT);
  const ProcessResult result = running.wait();
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.out, HasSubstr(R"("pipeline":"away","outcome":"retrying")"));
  EXPECT_THAT(result.out, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(result.out, HasSubstr(R"("pipeline":"behind","outcome":"stopped")"));
  EXPECT_THAT(result.out, HasSubstr(R"("pipeline":"readings","outcome":"done")"));
}

// Planned behind the one that fills its folder, and not before that one is done with waiting.
TEST(Run, DrainsAFolderWhenItIsFilled) {
  ReadingsProject project;
  HttpServer server;
  std::atomic<int> asked = 0;
  server.answer([&](const httplib::Request&, httplib::Response& response) {
    if (++asked < 4) response.status = 503;
    if (asked >= 4) response.set_content("{\"id\":7}\n", "application/x-ndjson");
  });
  write_text(project.path() / "pipelines" / "filler.yaml",
             "pipeline: filler\n"
             "from: {http: {url: \"" +
                 server.url("/") +
                 "\"}}\n"
                 "decode: {json: {columns: {id: INTEGER}}}\n"
                 "to: {file: {path: filled, format: jsonl}}\n");
  write_text(project.path() / "pipelines" / "a_reader.yaml",
             "pipeline: a_reader\n"
             "from: {file: {path: \"filled/**/*.json*\", settle: 0s}}\n"
             "decode: {json: {columns: {id: INTEGER}}}\n"
             "to: {delta: {table: bronze.filled}}\n");
  const ProcessResult result = project.call({"run", "--once", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(project.call({"query", "SELECT id FROM bronze.filled", "--format", "csv"}).out,
            "id\n7\n")
      << result.out;
}

TEST(Run, IsNoSuccessIfAPipelineStillWaitsWhenItsTimeIsOver) {
  ReadingsProject project;
  add_pipeline_that_waits(project);
  const ProcessResult result = project.call({"run", "--for", "1s"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("still trying again: away"));
  EXPECT_EQ(project.ids(), "id\n1\n");
}

// Of one record, a value that grows in memory and cannot be spilled.
void add_pipeline_that_needs_memory(const ReadingsProject& project) {
  write_text(project.path() / "lakeward.yaml", "project: readings\nlake: ./lake\nmemory: 128MiB\n");
  write_text(project.path() / "wide" / "one.jsonl", "{\"id\":1}\n");
  write_text(project.path() / "pipelines" / "a_wide.yaml",
             "pipeline: a_wide\n"
             "from: {file: {path: \"wide/*.jsonl\", settle: 0s}}\n"
             "decode: {json: {columns: {id: INTEGER}}}\n"
             "transform: >\n"
             "  SELECT len(list(text)) AS parts\n"
             "  FROM (SELECT repeat('x', 1000) || i AS text FROM input, range(120000) AS r(i))\n"
             "to: {delta: {table: bronze.a_wide}}\n"
             "trigger: {every: 10ms}\n");
  write_text(project.path() / "pipelines" / "narrow.yaml",
             "pipeline: narrow\n"
             "from: {delta: {table: bronze.a_wide}}\n"
             "to: {delta: {table: silver.narrow}}\n");
}

constexpr const char* kNeedsMemory = "epoch 0 needs more memory than there is: ";
constexpr const char* kRaiseMemory =
    "Raise 'memory' in lakeward.yaml, which is 128 MiB. The checkpoint has epoch 0 planned, and it "
    "keeps its size";

TEST(Run, EndsOnceAnEpochHasNotEnoughMemoryAndGoesOnWithMore) {
  ReadingsProject project;
  add_pipeline_that_needs_memory(project);
  const ProcessResult small = project.call({"run", "--once"});
  EXPECT_EQ(small.exit_code, 1);
  EXPECT_THAT(small.err, HasSubstr("a_wide: " + std::string(kNeedsMemory)));
  EXPECT_THAT(small.err, HasSubstr(kRaiseMemory));
  EXPECT_THAT(small.err, HasSubstr("skipped: 'a_wide' failed"));
  EXPECT_THAT(small.err, HasSubstr("lakeward: failed: a_wide"));
  EXPECT_EQ(project.ids(), "id\n1\n");
  EXPECT_THAT(project.call({"run", "--once", "--json"}).out,
              HasSubstr(R"("error":{"code":"out_of_memory")"));
  write_text(project.path() / "lakeward.yaml", "project: readings\nlake: ./lake\nmemory: 1GiB\n");
  const ProcessResult large = project.call({"run", "--once"});
  EXPECT_EQ(large.exit_code, 0) << large.err;
  EXPECT_EQ(project.call({"query", "SELECT parts FROM silver.narrow", "--format", "csv"}).out,
            "parts\n120000\n");
}

TEST(Run, FollowsOnWithoutEnoughMemoryAndSaysSo) {
  ReadingsProject project;
  add_pipeline_that_needs_memory(project);
  Process running({lakeward_binary(), "run", "--project", project.path().string()});
  ASSERT_TRUE(eventually([&] {
    const std::string status = project.call({"status", "a_wide"}).out;
    return status.find(" retrying ") != std::string::npos &&
           status.find(kRaiseMemory) != std::string::npos;
  })) << running.err();
  EXPECT_THAT(running.err(),
              HasSubstr("a_wide: retrying: " + std::string(kNeedsMemory) + "delta bronze.a_wide"));
  EXPECT_THAT(running.err(), HasSubstr(kRaiseMemory));
  running.send_signal(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

TEST(Run, ReadsFilesWhoseNamesAreNotUtf8) {
  ReadingsProject project;
  write_text(project.path() / "input" / "\xff.jsonl", "{\"id\":4,\"value\":500}\n");
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  const std::string sql = "SELECT file FROM dead_letter.readings WHERE file NOT LIKE '%a.jsonl'";
  EXPECT_THAT(project.call({"query", sql, "--format", "csv"}).out,
              HasSubstr("/input/\\xFF.jsonl\n"));
}

TEST(Run, EndsWithCode0WhenItsTimeIsOver) {
  ReadingsProject project;
  const ProcessResult result = project.call({"run", "--for", "300ms", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(R"("outcome":"done")"));
}

TEST(Peek, ShowsRowsAndWritesNothing) {
  ReadingsProject project;
  const ProcessResult result = project.call({"peek", "readings", "--format", "csv"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "id,value\n1,5.0\n");
  EXPECT_THAT(result.err, HasSubstr("rejected: "));
  EXPECT_FALSE(std::filesystem::exists(project.path() / "lake" / "bronze"));
}

TEST(Validate, NamesEveryProblemWithItsPlace) {
  ReadingsProject project;
  EXPECT_EQ(project.call({"validate"}).exit_code, 0);
  project.declare("volume < 100");
  const ProcessResult result = project.call({"validate", "--json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr(R"("file":"pipelines/readings.yaml")"));
  EXPECT_THAT(result.out, HasSubstr("volume"));
}

TEST(Validate, ReportsBytesThatAreNoTextAsJsonToo) {
  ReadingsProject project;
  write_text(project.path() / "pipelines" / "broken.yaml", "pipeline: \"\xff\"\n");
  const ProcessResult result = project.call({"validate", "--json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr("'\uFFFD' is no name for a pipeline"));
}

TEST(Query, EndsQuietlyWhenItsReaderHasSeenEnough) {
  ReadingsProject project;
  const ProcessResult result = run_process(
      {"bash", "-c",
       "set -o pipefail; " + lakeward_binary() + " query --format csv 'FROM range(1000000)' " +
           "--project " + project.path().string() + " | head -n 1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "range\n");
  EXPECT_EQ(result.err, "");
}

TEST(Query, NamesTheColumnThatIsMissingWithItsPlace) {
  ReadingsProject project;
  ASSERT_EQ(project.call({"run", "--once"}).exit_code, 0);
  const ProcessResult result = project.call({"query", "SELECT id,\n valve FROM bronze.readings;"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "lakeward: line 2:2: there is no column 'valve'; did you mean 'value'?\n");
}

TEST(Doctor, SaysWhatIsWrongAndHowToMendIt) {
  ReadingsProject project;
  const ProcessResult sound = project.call({"doctor"});
  EXPECT_EQ(sound.exit_code, 0) << sound.out << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("ok     source of readings"));
  write_text(project.path() / "lake", "a file in the lake's place");
  const ProcessResult wrong = project.call({"doctor"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.out, HasSubstr("is not a folder"));
  EXPECT_THAT(wrong.out, HasSubstr("wrong  lake"));
}

TEST(ProjectTests, RunThroughTheRealPipelineAndShowTheDifference) {
  ReadingsProject project;
  const auto test_case = project.path() / "tests" / "small";
  write_text(test_case / "input" / "b.jsonl", "{\"id\":7,\"value\":1}\n{\"id\":8,\"value\":101}\n");
  write_text(test_case / "expected" / "bronze.readings.csv", "id,value\n7,1.0\n");
  write_text(test_case / "expected" / "dead_letter.readings.csv", "expectation\nin_range\n");
  const ProcessResult passed = project.call({"test"});
  EXPECT_EQ(passed.exit_code, 0) << passed.out << passed.err;
  EXPECT_EQ(passed.out, "passed  small\n");
  write_text(test_case / "expected" / "bronze.readings.csv", "id,value\n9,1.0\n");
  const ProcessResult failed = project.call({"test", "small"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.out, HasSubstr("  - 9,1.0\n  + 7,1.0\n"));
  EXPECT_FALSE(std::filesystem::exists(project.path() / "lake"));
}

}  // namespace
}  // namespace lakeward::test
