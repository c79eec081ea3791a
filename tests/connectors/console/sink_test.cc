#include "connectors/console/sink.h"

#include <gtest/gtest.h>

#include <sstream>

#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using connectors::console::ConsoleOptions;
using connectors::console::ConsoleSink;
using connectors::console::Form;

std::string shown(const ConsoleOptions& options, const std::string& select) {
  World world;
  std::ostringstream out;
  const std::unique_ptr<stream::Sink> sink = std::make_unique<ConsoleSink>(options, out);
  const auto session = world.database->make_session().value();
  auto written = sink->writer().write(*session, select, {0, {}}).value();
  EXPECT_EQ(out.str(), "") << "nothing is shown before the commit";
  EXPECT_TRUE(sink->committer().commit({0, {}}, std::move(written), {}).ok());
  return out.str();
}

TEST(ConsoleSink, PrintsRowsAsJsonLines) {
  EXPECT_EQ(shown({}, "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY a"),
            "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n");
}

TEST(ConsoleSink, PrintsRowsAsATable) {
  EXPECT_EQ(shown({Form::kTable, 2}, "SELECT range AS n, 'zürich' AS city FROM range(3)"),
            "n  city\n-  ------\n0  zürich\n1  zürich\n… and 1 more row\n");
}

TEST(ConsoleSink, PrintsNothingOfNoRows) {
  EXPECT_EQ(shown({Form::kTable, 0}, "SELECT 1 AS a WHERE false"), "");
}

}  // namespace
}  // namespace lakeward::test
