#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The commands that --help lists.
std::vector<std::string> listed_commands() {
  std::vector<std::string> names;
  std::istringstream help(run_lakeward({"--help"}).out);
  std::string line;
  bool inside = false;
  while (std::getline(help, line)) {
    if (line == "Commands:") {
      inside = true;
    } else if (inside && line.starts_with("  ")) {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    } else {
      inside = false;
    }
  }
  return names;
}

TEST(CommandLine, ShowsHelpWithAnExampleForEveryCommand) {
  const std::vector<std::string> commands = listed_commands();
  EXPECT_GE(commands.size(), 3U);
  for (const std::string& command : commands) {
    const ProcessResult result = run_lakeward({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr("Example")) << command;
    EXPECT_THAT(result.out, HasSubstr("  lakeward " + command)) << command;
    EXPECT_EQ(result.err, "") << command;
  }
}

struct WrongUse {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(CommandLine, RefusesWrongUseWithASuggestionAndCode2) {
  const std::vector<WrongUse> cases = {
      {{}, "a command is missing"},
      {{"verson"}, "unknown command 'verson'; did you mean 'version'?"},
      {{"version", "--jsn"}, "version: unknown option '--jsn'; did you mean '--json'?"},
      {{"version", "now"}, "version: unexpected argument 'now'"},
      {{"completion"}, "completion: SHELL is required"},
      {{"completion", "zs"}, "did you mean 'zsh'?"},
      {{"simulate", "sensor"}, "did you mean 'sensors'?"},
      {{"simulate", "sensors", "--rate", "0"}, "--rate must be above 0"},
      {{"simulate", "sensors", "--serve", "5000"}, "HOST:PORT"},
      {{"simulate", "sensors", "--count", "-5"}, "must be a whole number, 0 or more, not '-5'"},
      {{"topics", "tail", "t", "--last", "-1"}, "must be a whole number, 0 or more, not '-1'"},
      {{"topics", "tail", "t", "--last", "99999999999999999999"}, "must be a whole number"},
      {{"topics", "create", "t", "--brokers", "b", "--partitions", "99999999999"},
       "--partitions must be from 1 to 1,000,000, not 99,999,999,999"},
      {{"topics", "create", "bad name", "--brokers", "b"}, "cannot be a topic's name"},
      {{"topics", "create", "t", "--brokers", "b", "--config", "a=1", "--config", "a=2"},
       "--config gives 'a' twice"},
      {{"optimize", "bronze.events", "--where", ""}, "--where is empty"},
      {{"init", "--template", "empti", "/tmp/x"}, "did you mean 'empty'?"},
  };
  for (const WrongUse& wrong : cases) {
    const ProcessResult result = run_lakeward(wrong.arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.message;
    EXPECT_THAT(result.err, StartsWith("lakeward: "));
    EXPECT_THAT(result.err, HasSubstr(wrong.message));
    EXPECT_EQ(result.out, "") << wrong.message;
  }
}

TEST(CommandLine, ReportsErrorsAsJsonWhenAskedTo) {
  const ProcessResult result = run_lakeward({"--json", "verson"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, StartsWith(R"({"error":{"code":"invalid_argument","message":"unknown)"));
}

TEST(CommandLine, SaysWhatItIsMadeOf) {
  EXPECT_THAT(run_lakeward({"version"}).out, StartsWith("lakeward "));
  EXPECT_EQ(run_lakeward({"--version"}).out, run_lakeward({"version"}).out);
  EXPECT_THAT(run_lakeward({"version", "--json"}).out, HasSubstr(R"("duckdb":"v1.5.5")"));
}

TEST(Simulate, MakesTheSameRecordsFromTheSameSeed) {
  const std::vector<std::string> command = {"simulate", "sensors", "--count",   "100",
                                            "--seed",   "7",       "--invalid", "0.1"};
  const ProcessResult first = run_lakeward(command);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(std::count(first.out.begin(), first.out.end(), '\n'), 100);
  EXPECT_THAT(first.out, StartsWith(R"({"timestamp":"2026-01-01T)"));
  EXPECT_EQ(run_lakeward(command).out, first.out);
}

TEST(Simulate, WritesAFileAndLeavesNothingBeside) {
  const TempFolder folder;
  const std::filesystem::path file = folder.path() / "input" / "a.jsonl";
  const ProcessResult result =
      run_lakeward({"simulate", "iot", "--count", "3", "--to", file.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(read_text(file), StartsWith(R"({"device_id":")"));
  const std::filesystem::directory_iterator files(file.parent_path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(Simulate, ServesFreshRecordsOverHttpUntilStopped) {
  Process server({lakeward_binary(), "simulate", "iot", "--serve", "127.0.0.1:0"});
  ASSERT_TRUE(eventually([&] { return server.err().find("Ctrl-C") != std::string::npos; }));
  const std::string said = server.err();
  const size_t begin = said.find("http://");
  const std::string url = said.substr(begin, said.find(',', begin) - begin);
  const ProcessResult one = run_process({"curl", "-sf", url});
  EXPECT_THAT(one.out, HasSubstr(R"("temperature":)"));
  EXPECT_NE(run_process({"curl", "-sf", url}).out, one.out);
  EXPECT_THAT(run_process({"curl", "-sf", url + "?n=2"}).out, StartsWith("[{"));
  server.send_signal(SIGINT);
  EXPECT_EQ(server.wait().exit_code, 0);
}

TEST(CommandLine, PrintsCompletionThatBashAccepts) {
  const ProcessResult script = run_lakeward({"completion", "bash"});
  EXPECT_EQ(script.exit_code, 0);
  const ProcessResult checked =
      run_process({"bash", "-c",
                   "eval \"$(cat)\" && COMP_WORDS=(lakeward vers) COMP_CWORD=1 && _lakeward && "
                   "echo \"${COMPREPLY[@]}\""},
                  {.working_directory = {}, .environment = {}, .input = script.out});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(checked.out, "version\n");
}

TEST(CommandLine, FailsWhenItsOutputCannotBeWritten) {
  const ProcessResult result =
      run_process({"bash", "-c", lakeward_binary() + " version > /dev/full"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write to stdout"));
}

TEST(Init, MakesAProjectInANewFolder) {
  const TempFolder folder;
  const std::filesystem::path project = folder.path() / "demo";
  const ProcessResult result = run_lakeward({"init", project.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(std::filesystem::exists(project / "lakeward.yaml"));
  EXPECT_TRUE(std::filesystem::exists(project / "pipelines" / "first.yaml"));
}

TEST(Init, TouchesNoFolderThatHoldsSomething) {
  const TempFolder folder;
  write_text(folder.path() / "mine.txt", "mine");
  const ProcessResult result = run_lakeward({"init", folder.path().string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("is not empty"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "lakeward.yaml"));
}

}  // namespace
}  // namespace lakeward::test
