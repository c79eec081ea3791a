// docs/reference/commands.md is made from the declarations. LAKEWARD_UPDATE_DOCS=1 makes it anew.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/command.h"
#include "cli/verbs.h"
#include "support/process.h"
#include "support/source_folder.h"

namespace lakeward::test {
namespace {

TEST(CommandReference, IsCurrent) {
  cli::CommandLine line;
  cli::add_all_verbs(line);
  const std::string made = cli::render_reference(line);
  const auto file = source_folder() / "docs/reference/commands.md";
  if (std::getenv("LAKEWARD_UPDATE_DOCS") != nullptr) write_text(file, made);
  EXPECT_EQ(read_text(file), made)
      << "docs/reference/commands.md is not current; make it anew: LAKEWARD_UPDATE_DOCS=1 cli_test";
}

}  // namespace
}  // namespace lakeward::test
