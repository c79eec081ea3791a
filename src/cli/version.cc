#include <iostream>

#include "cli/build_info.h"
#include "cli/json_output.h"
#include "cli/verbs.h"
#include "engine/database.h"
#include "engine/session.h"

namespace lakeward::cli {
namespace {

Result<std::string> engine_version() {
  engine::DatabaseOptions options;
  options.threads = 1;
  ASSIGN_OR_RETURN(const auto database, engine::Database::open(options));
  ASSIGN_OR_RETURN(const auto session, database->make_session());
  ASSIGN_OR_RETURN(const engine::Rows rows, session->query("SELECT version()"));
  return rows.text(0, 0);
}

Outcome print_version(const Common& common) {
  const BuildInfo info = build_info();
  const Result<std::string> engine = engine_version();
  if (!engine.ok()) return engine.status();
  if (common.json) {
    const nlohmann::ordered_json object = {{"version", info.version},
                                           {"build_type", info.build_type},
                                           {"compiler", info.compiler},
                                           {"system", info.system},
                                           {"duckdb", *engine}};
    std::cout << json_line(object);
  } else {
    std::cout << "lakeward " << info.version << " (" << info.build_type << ", " << info.compiler
              << ", " << info.system << ", DuckDB " << *engine << ")\n";
  }
  return ok_status();
}

}  // namespace

void add_version(CommandLine& line) {
  line.add({.name = "version",
            .summary = "Prints the version and what the program was built with",
            .details = {},
            .examples = {"lakeward version --json"}},
           print_version);
}

}  // namespace lakeward::cli
