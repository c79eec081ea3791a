#include <algorithm>
#include <charconv>
#include <iostream>

#include "base/suggest.h"
#include "base/units.h"
#include "cli/interruption.h"
#include "cli/result_output.h"
#include "cli/verbs.h"
#include "engine/sql_inspect.h"
#include "engine/sql_text.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

struct QueryOptions {
  std::string sql;
  std::string format;
  std::string as_of;
};

// Why the statement cannot run, in the user's words.
Status check(engine::Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(const engine::SqlCheck checked, engine::check_select(session, sql));
  if (!checked.error) return ok_status();
  const engine::SqlError& error = *checked.error;
  std::string place;
  if (error.line > 0) {
    place = "line " + std::to_string(error.line) + ":" + std::to_string(error.column) + ": ";
  }
  if (!error.is_missing_column) return invalid_argument(place + error.message);
  return invalid_argument(place + "there is no column '" + error.name + "'" +
                          suggestion(error.name, error.candidates));
}

Result<service::AsOf> parse_as_of(const std::string& text) {
  if (text.empty()) return service::AsOf();
  delta::Version version = 0;
  const char* end = text.data() + text.size();
  if (const auto [at, error] = std::from_chars(text.data(), end, version);
      error == std::errc() && at == end && version >= 0) {
    return service::AsOf(version);
  }
  const Result<Timestamp> time = parse_timestamp(text);
  if (time.ok()) return service::AsOf(*time);
  return invalid_argument("--as-of must be a version (12) or a time (2026-01-31T12:00:00Z), not '" +
                          text + "'");
}

void print_footer(uint64_t rows, const std::vector<service::BoundTable>& tables, Duration took) {
  std::cerr << format_count(rows, "row");
  size_t files = 0;
  size_t skipped = 0;
  for (const service::BoundTable& table : tables) {
    files += table.files;
    skipped += table.skipped;
  }
  if (!tables.empty()) {
    std::cerr << " from " << format_count(files, "file");
    if (skipped > 0) std::cerr << ", " << format_count(skipped) << " skipped";
  }
  std::cerr << ", " << format_duration(took) << "\n";
}

Outcome query(const QueryOptions& options, const Common& common) {
  const Interruption interruption;
  const SystemClock clock;
  const Timestamp begin = clock.now();
  const Result<service::AsOf> as_of = parse_as_of(options.as_of);
  if (!as_of.ok()) return as_of.status();
  auto workspace = service::Workspace::open(common.project);
  if (!workspace.ok()) return workspace.status();
  auto session = (*workspace)->database().make_session();
  if (!session.ok()) return session.status();
  const std::string sql = engine::strip_statement_end(options.sql);
  const auto tables = (*workspace)->lake().bind(**session, sql, *as_of);
  if (!tables.ok()) return tables.status();
  if (const Status sound = check(**session, sql); !sound.ok()) return sound;

  const std::string format =
      !options.format.empty() ? options.format : (common.json ? "json" : "table");
  const OutputOptions output{row_format(format), Screen::of_stdout()};
  const Result<uint64_t> rows = write_rows(**session, sql, output, std::cout, interruption.token());
  if (!rows.ok()) return rows.status();
  if (!common.quiet && output.format == RowFormat::kTable) {
    print_footer(*rows, *tables, clock.now() - begin);
  }
  return ok_status();
}

}  // namespace

void add_query(CommandLine& line) {
  auto options = std::make_shared<QueryOptions>();
  line.add({.name = "query",
            .summary = "Runs SQL over the lake's tables and prints the rows",
            .details = {"Tables are named as in the lake (silver.sensor_data) and can be joined. "
                        "Only the files that can\nhold a wanted row are read, and rows are printed "
                        "as they come, however many there are.",
                        "Formats: table, for people; csv (RFC 4180 with a header; NULL is empty, "
                        "empty text is \"\"); json,\none object a line."},
            .examples = {"lakeward query 'SELECT type, count(*) FROM silver.sensor_data GROUP BY "
                         "type'",
                         "lakeward query 'FROM silver.sensor_data' --format csv --as-of "
                         "2026-01-31T12:00:00Z"}},
           [options](const Common& common) { return query(*options, common); })
      .argument("SQL", options->sql, "One SELECT statement (DuckDB's SQL)")
      .choice("--format", options->format, {"table", "csv", "json"},
              "How rows are printed; default: table")
      .option("--as-of", options->as_of, "Read the tables as they were: a version or a time",
              "VERSION|TIME");
}

}  // namespace lakeward::cli
