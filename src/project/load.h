// Reads a project's folder.
#pragma once

#include <filesystem>

#include "project/project.h"
#include "project/variables.h"
#include "stream/registry.h"

namespace lakeward::project {

struct LoadedProject {
  Project project;            // to be used only if there are no problems
  config::Problems problems;  // all that were found, by file and line
};

// The name of a project's main file.
inline constexpr const char* kProjectFile = "lakeward.yaml";

// Reads lakeward.yaml below `root` and the pipelines that it names; nothing is opened or run. What
// needs the engine (SQL, lineage) is checked by make_plan().
LoadedProject load_project(const std::filesystem::path& root, const Variables& variables,
                           const stream::Registry& registry);

// Orders by file and place, and leaves out what is said twice.
void sort_problems(config::Problems& problems);

}  // namespace lakeward::project
