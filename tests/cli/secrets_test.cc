#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Every message about this pipeline's source names the secret, as that of a server that echoes what
// it got does.
class EchoingProject {
 public:
  EchoingProject() {
    write_text(folder_.path() / "lakeward.yaml", "project: p\n");
    write_text(folder_.path() / "pipelines" / "a.yaml",
               "pipeline: a\n"
               "from: {http: {url: \"http://127.0.0.1:1/of/${secret:OWN_TOKEN}/x\"}}\n"
               "decode: {json: {columns: {id: INTEGER}}}\n"
               "to: {delta: {table: raw.a}}\n");
  }
  ProcessResult call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--project", folder_.path().string()});
    return run_lakeward(
        arguments,
        {.working_directory = {}, .environment = {{"OWN_TOKEN", "tokS3cret"}}, .input = {}});
  }
  // All that is in the project's files.
  std::string written() const {
    std::string text;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) text += read_text(entry.path());
    }
    return text;
  }

 private:
  TempFolder folder_;
};

TEST(Secrets, AreShownByNoCommandAndWrittenNowhere) {
  EchoingProject project;
  const std::vector<std::vector<std::string>> commands = {{"doctor"},
                                                          {"doctor", "--json"},
                                                          {"run", "--for", "1s", "-vv"},
                                                          {"run", "--for", "100ms", "--json"},
                                                          {"status"},
                                                          {"status", "--json"},
                                                          {"plan"},
                                                          {"plan", "--json"},
                                                          {"validate"}};
  std::string all;
  for (const auto& command : commands) {
    const ProcessResult result = project.call(command);
    EXPECT_THAT(result.out, Not(HasSubstr("tokS3cret"))) << command.front();
    EXPECT_THAT(result.err, Not(HasSubstr("tokS3cret"))) << command.front();
    all += command.front() + ": " + result.out + result.err;
  }
  EXPECT_THAT(all, HasSubstr("doctor: ok     project"));
  EXPECT_THAT(all, HasSubstr("/of/******/x"));
  EXPECT_THAT(project.written(), HasSubstr("/of/******/x"));
  EXPECT_THAT(project.written(), Not(HasSubstr("tokS3cret")));
}

}  // namespace
}  // namespace lakeward::test
