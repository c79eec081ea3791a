// Which pipeline comes after which: by the tables and topics that one writes and another reads, and
// by `after`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"
#include "project/project.h"
#include "stream/registry.h"

namespace lakeward::project {

struct PipelineLinks {
  std::optional<std::string> source_table;  // of `from: delta`
  std::vector<std::string> sql_tables;      // lake tables that its SQL names ("silver.devices")
  std::vector<std::string> writes;          // lake tables, that of its dead letters last
  std::vector<size_t> upstream;             // pipelines, by their place in Project::pipelines
  // Pipelines whose rows it finds at a service, such as a topic's: it runs after them, but does not
  // need them. Without those that would make a circle: there, rows may go round.
  std::vector<size_t> fed_by;
  bool sql_is_sound = false;  // its SQL is one SELECT of tables that it may name
  bool row_wise = false;      // see engine::SqlInspection
};

struct Lineage {
  std::vector<PipelineLinks> links;  // one for each of Project::pipelines
  // Places in Project::pipelines, each after its upstream ones and those that feed it, else in the
  // project's order.
  // Pipelines of a cycle, and those behind it, are missing.
  std::vector<size_t> order;

  // The first pipeline that writes the table; nullopt if none does.
  std::optional<size_t> writer_of(const std::string& table) const;
};

// Problems: SQL with a syntax error, that is not one SELECT, or that names what cannot be a lake
// table; cycles. Errors: only the engine's own.
Result<Lineage> resolve_lineage(const Project& project, const stream::Registry& registry,
                                engine::Session& session, config::Problems& problems);

// The place of a word in a SQL text; the text's beginning if it is not there.
config::Location place_of_name(const SourceText& sql, const std::string& name);

}  // namespace lakeward::project
