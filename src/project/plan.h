// What a project will do: its pipelines in order, each with the columns that go in and come out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/database.h"
#include "engine/schema.h"
#include "project/lineage.h"
#include "project/project.h"
#include "stream/registry.h"
#include "stream/table_catalog.h"

namespace lakeward::project {

struct PipelineTypes {
  // The columns of `input` that `SELECT *` means; nullopt if they are not known before data is
  // read (Parquet files), or wrong. Empty for a view.
  std::optional<engine::Schema> input;
  // The columns that reach the sinks; nullopt if they are not known.
  std::optional<engine::Schema> output;
};

struct Plan {
  Lineage lineage;
  std::vector<PipelineTypes> types;  // one for each of Project::pipelines
  config::Problems problems;         // all that were found, by file and line
};

// Binds every SQL text of a loaded project against the columns that it will see: those declared by
// `decode`, those of an upstream pipeline's result, those of tables that are in the lake already.
// `lake` may be null: what is only there is then not checked. Nothing is read or written. Errors:
// only the engine's and the lake's own; what is wrong in the project is Plan::problems.
Result<Plan> make_plan(const Project& project, const stream::Registry& registry,
                       engine::Database& database, stream::TableCatalog* lake);

// The columns of `input` besides the decoded ones, which `SELECT *` leaves out: for a source of
// records, and for one that has columns of its own (a table).
const engine::Schema& record_metadata_columns();
const engine::Schema& relation_metadata_columns();

}  // namespace lakeward::project
