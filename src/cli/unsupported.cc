// Verbs that are announced and not built yet: refused by name, never unknown.
#include "cli/verbs.h"

namespace lakeward::cli {

void add_unsupported(CommandLine& line) {
  struct Announced {
    const char* name;
    const char* summary;
    const char* instead;
  };
  static constexpr Announced kAnnounced[] = {
      {"restore", "Brings a table back to an older version",
       "`lakeward query --as-of` reads the older version"},
      {"serve", "Scheduler, REST, metrics and web console", "`lakeward run` runs the pipelines"},
      {"submit", "Runs the project on Apache Spark", "`lakeward run` runs it on this machine"},
  };
  for (const Announced& announced : kAnnounced) {
    auto ignored = std::make_shared<std::vector<std::string>>();
    const std::string name = announced.name;
    line.add({.name = name,
              .summary = std::string(announced.summary) + " (not supported yet)",
              .details = {},
              .examples = {"lakeward " + name + " --help"}},
             [ignored, name, instead = std::string(announced.instead)](const Common&) -> Outcome {
               return {unsupported("'" + name + "' is not supported yet; " + instead),
                       kExitWrongUse};
             })
        .arguments("ARGUMENT", *ignored, "Not looked at");
  }
}

}  // namespace lakeward::cli
