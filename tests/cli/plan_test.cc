#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

struct Ends {
  std::string from;
  std::string to;
  std::string source;  // as it is shown
  std::string sink;
};

// Nothing of it is asked of a service.
TEST(Plan, NamesTopicsAndHowTheyAreWritten) {
  const std::string hub =
      "event_hubs: {namespace: ns, connection_string: \"Endpoint=sb://ns.servicebus.windows.net/;"
      "SharedAccessKeyName=p;SharedAccessKey=aGlkZGVuIGtleQ==";
  const Ends cases[] = {
      {"kafka: {brokers: \"b:1\", topic: readings}", "kafka: {brokers: \"b:1\", topic: alerts}",
       "kafka readings", "kafka alerts (exactly_once)"},
      {"kafka: {brokers: \"b:1\", topic: [a, b]}",
       "kafka: {brokers: \"b:1\", topic: t, delivery: at_least_once}", "kafka a, b",
       "kafka t (at_least_once)"},
      {"kafka: {brokers: \"b:1\", topic_pattern: \"sensor_.*\"}", "delta: {table: bronze.x}",
       "kafka all like sensor_.*", "delta bronze.x"},
      {hub + "\", event_hub: in}", hub + "\", event_hub: out}", "event_hubs in",
       "event_hubs out (at_least_once)"},
      {hub + ";EntityPath=own\"}", hub + ";EntityPath=other\"}", "event_hubs own",
       "event_hubs other (at_least_once)"},
      {"file: {path: input}", "file: {path: output}", "file", "file"},
  };
  for (const Ends& one : cases) {
    const TempFolder folder;
    write_text(folder.path() / "lakeward.yaml", "project: p\nlake: ./lake\n");
    write_text(folder.path() / "pipelines" / "a.yaml",
               "pipeline: a\nfrom: {" + one.from + "}\ndecode: {json: {columns: {id: INTEGER}}}\n" +
                   "to: {" + one.to + "}\n");
    const ProcessResult shown =
        run_lakeward({"--project", folder.path().string(), "plan", "--json"});
    ASSERT_EQ(shown.exit_code, 0) << shown.err << one.from;
    const auto plan = nlohmann::json::parse(shown.out);
    EXPECT_EQ(plan[0]["source"], one.source);
    EXPECT_EQ(plan[0]["sinks"], nlohmann::json::array({one.sink}));
  }
}

}  // namespace
}  // namespace lakeward::test
