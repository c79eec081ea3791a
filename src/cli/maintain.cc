// What keeps tables quick and small: optimize and vacuum.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/interruption.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "delta/optimize.h"
#include "delta/vacuum.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kProgressPeriod{250'000};

// A line on the terminal that is written over, or nothing if stderr is none.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : shown_(wanted && Screen::of_stderr().width > 0) {}
  ~ProgressLine() {
    if (any_) std::cerr << "\r\x1b[K" << std::flush;
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const std::string& text) {
    const Timestamp now = SystemClock().now();
    if (!shown_ || (any_ && now - last_ < kProgressPeriod)) return;
    last_ = now;
    any_ = true;
    std::cerr << "\r\x1b[K" << text << std::flush;
  }

 private:
  bool shown_;
  bool any_ = false;
  Timestamp last_;
};

void warn_of_maintenance(const Status& status) {
  if (status.ok()) return;
  std::cerr << "lakeward: the table is committed, but a checkpoint or the log's clean-up failed: "
            << status.message() << "\n";
}

struct OptimizeVerb {
  std::string table;
  std::optional<std::string> where;
  std::string target_size = "128MiB";
  bool dry_run = false;
};

Json to_json(const std::string& table, const delta::OptimizeReport& report, bool dry_run) {
  return Json{{"table", table},
              {"dry_run", dry_run},
              {"version", report.version},
              {"files", report.files},
              {"partitions", report.partitions},
              {"files_removed", report.totals.files_removed},
              {"files_added", report.totals.files_added},
              {"bytes_removed", report.totals.bytes_removed},
              {"bytes_added", dry_run ? Json(nullptr) : Json(report.totals.bytes_added)},
              {"rows", dry_run ? Json(nullptr) : Json(report.totals.rows)},
              {"commits", report.totals.commits},
              {"groups_dropped", report.totals.groups_dropped}};
}

void print(const std::string& table, const delta::OptimizeReport& report, bool dry_run) {
  const delta::MergeTotals& totals = report.totals;
  if (totals.files_removed == 0 && totals.groups_dropped == 0) {
    std::cout << table << " has no small files to merge (" << format_count(report.files, "file")
              << ")\n";
    return;
  }
  std::cout << table << (dry_run ? " would have " : ": ")
            << format_count(totals.files_removed, "small file") << " in "
            << format_count(report.partitions, "partition") << " ("
            << format_bytes(totals.bytes_removed) << ") " << (dry_run ? "merged" : "became") << " "
            << (dry_run ? "into " : "") << format_count(totals.files_added);
  if (!dry_run) {
    std::cout << " (" << format_bytes(totals.bytes_added) << ", "
              << format_count(totals.rows, "row") << "), version " << report.version;
  }
  std::cout << "\n";
  if (totals.groups_dropped > 0) {
    std::cout << format_count(totals.groups_dropped, "group")
              << " of files left as they are: another writer changed them meanwhile; run it again "
                 "to merge what is left\n";
  }
}

Outcome optimize(const OptimizeVerb& verb, const Common& common) {
  const Interruption interruption;
  if (verb.where && verb.where->find_first_not_of(" \t\n") == std::string::npos) {
    return invalid_argument("--where is empty; without it, all partitions are merged");
  }
  const Result<uint64_t> target = parse_bytes(verb.target_size);
  if (!target.ok()) return target.status().with_context("--target-size");
  auto workspace = service::Workspace::open(common.project, service::Workspace::Checked::kSettings);
  if (!workspace.ok()) return workspace.status();
  Result<delta::Table> table = (*workspace)->lake().open(verb.table);
  if (!table.ok()) return table.status();
  Result<delta::OptimizeReport> report = [&] {
    ProgressLine line(!common.quiet && !common.json);
    return delta::optimize(
        *table,
        {.where = verb.where.value_or(""), .target_bytes = *target, .dry_run = verb.dry_run},
        (*workspace)->clock(),
        [&](const delta::OptimizeProgress& at) {
          line.show("merged " + format_count(at.files_done) + " of " +
                    format_count(at.files, "file"));
        },
        interruption.token());
  }();
  if (!report.ok()) return report.status();
  warn_of_maintenance(report->maintenance);
  if (common.json) {
    std::cout << to_json(verb.table, *report, verb.dry_run).dump() << "\n";
  } else {
    print(verb.table, *report, verb.dry_run);
  }
  return ok_status();
}

struct VacuumVerb {
  std::string table;
  std::optional<Duration> retain;
  bool force = false;
  bool dry_run = false;
};

Json to_json(const std::string& table, const delta::VacuumReport& report, bool dry_run) {
  Json object{{"table", table},
              {"dry_run", dry_run},
              {"retention_seconds", report.retention.count() / 1'000'000},
              {"files", report.files},
              {"bytes", report.bytes},
              {"orphans", report.orphans},
              {"kept", report.kept}};
  if (dry_run) object["paths"] = report.paths;
  return object;
}

void print(const std::string& table, const delta::VacuumReport& report, bool dry_run) {
  for (const std::string& path : report.paths) std::cout << path << "\n";
  std::cout << table << (dry_run ? ": would remove " : ": removed ")
            << format_count(report.files, "file") << " (" << format_bytes(report.bytes) << ")";
  if (report.orphans > 0) {
    std::cout << ", " << format_count(report.orphans) << " of them never committed";
  }
  if (report.kept > 0) {
    std::cout << "; " << format_count(report.kept, "file") << " kept, younger than "
              << format_duration(report.retention);
  }
  std::cout << "\n";
}

Outcome vacuum(const VacuumVerb& verb, const Common& common) {
  const Interruption interruption;
  auto workspace = service::Workspace::open(common.project, service::Workspace::Checked::kSettings);
  if (!workspace.ok()) return workspace.status();
  Result<delta::Table> table = (*workspace)->lake().open(verb.table);
  if (!table.ok()) return table.status();
  Result<delta::VacuumReport> report = [&] {
    ProgressLine line(!common.quiet && !common.json);
    return delta::vacuum(
        *table, {.retention = verb.retain, .force = verb.force, .dry_run = verb.dry_run},
        (*workspace)->clock(),
        [&](const delta::VacuumProgress& at) {
          line.show("removed " + format_count(at.files_done) + " of " +
                    format_count(at.files, "file"));
        },
        interruption.token());
  }();
  if (!report.ok()) return report.status();
  if (common.json) {
    std::cout << to_json(verb.table, *report, verb.dry_run).dump() << "\n";
  } else {
    print(verb.table, *report, verb.dry_run);
  }
  return ok_status();
}

}  // namespace

void add_optimize(CommandLine& line) {
  auto verb = std::make_shared<OptimizeVerb>();
  line.add(
          {.name = "optimize",
           .summary = "Merges a table's small files into larger ones",
           .details = {"Rows stay as they are, and older versions can be read until vacuum removes "
                       "their files. Pipelines may write\nto the table and read from it "
                       "meanwhile: they do not see the merge as new rows.",
                       "A pipeline that streams merges its table's files by itself (the option "
                       "'compact' of its delta sink)."},
           .examples = {"lakeward optimize silver.sensor_data",
                        "lakeward optimize bronze.events --where \"day >= '2026-01-01'\" "
                        "--dry-run"}},
          [verb](const Common& common) { return optimize(*verb, common); })
      .argument("TABLE", verb->table, "The table's name, for example silver.sensor_data")
      .option("--where", verb->where,
              "Only partitions for which this is true: SQL over the partition columns", "SQL")
      .option("--target-size", verb->target_size,
              "Files below this size are merged, up to it; default: 128MiB", "BYTES")
      .flag("--dry-run", verb->dry_run, "Only say what would be merged");
}

void add_vacuum(CommandLine& line) {
  auto verb = std::make_shared<VacuumVerb>();
  line.add({.name = "vacuum",
            .summary = "Removes files that no version of a table within the retention needs",
            .details =
                {"That is: files that an overwrite, a merge or another writer took out of the "
                 "table before the retention, and\nfiles of writes that were never "
                 "committed. Versions older than the retention cannot be read afterwards, "
                 "and a\npipeline that is behind by more than that cannot go on.",
                 "Only Parquet files in the table's folder and its partitions' are looked "
                 "at."},
            .examples = {"lakeward vacuum silver.sensor_data --dry-run",
                         "lakeward vacuum silver.sensor_data --retain 30d"}},
           [verb](const Common& common) { return vacuum(*verb, common); })
      .argument("TABLE", verb->table, "The table's name, for example silver.sensor_data")
      .option("--retain", verb->retain,
              "Keep what versions of the last so long need; default: the table's "
              "delta.deletedFileRetentionDuration, or 7 days")
      .flag("--force", verb->force,
            "Allow a retention below the table's: only if nothing reads or writes it meanwhile")
      .flag("--dry-run", verb->dry_run, "Only list what would be removed");
}

}  // namespace lakeward::cli
