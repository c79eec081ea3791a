// The reference pages and the editors' schema, rendered from the declarations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/options.h"
#include "stream/registry.h"

namespace lakeward::project {

// A Markdown table: an option a row, with its type, default and documentation.
std::string render_options(const std::vector<config::OptionInfo>& options);

// The pages of docs/reference by file name: project.md (lakeward.yaml), pipeline.md (a pipeline's
// file) and connectors.md (every source and sink of the registry).
std::map<std::string, std::string> render_reference(const stream::Registry& registry);

// A JSON Schema (draft 7) by which an editor completes and checks a pipeline's file, and one for
// lakeward.yaml.
std::string render_pipeline_schema(const stream::Registry& registry);
std::string render_project_schema(const stream::Registry& registry);

}  // namespace lakeward::project
