// A project with everything that it needs to run, opened once a process.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "config/value.h"
#include "engine/database.h"
#include "io/object_store.h"
#include "project/plan.h"
#include "project/project.h"
#include "service/lake.h"
#include "stream/registry.h"

namespace lakeward::service {

// A folder for the engine to spill to, made at once and removed at the end. Folders that killed
// processes have left behind are removed too.
class SpillFolder {
 public:
  explicit SpillFolder(std::filesystem::path parent);
  ~SpillFolder();
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What the engine may use of a process's budget: the rest is for readers' blocks, write buffers and
// the program itself.
uint64_t engine_budget(uint64_t process_bytes);

class Workspace {
 public:
  // How much of a project must be right.
  enum class Checked {
    kSettings,   // lakeward.yaml alone: for commands that only read the lake
    kPipelines,  // every pipeline as well
    kToRun       // the same, and the engine spills beside the lake
  };

  // Reads the project in `folder` and opens its lake. Errors: InvalidArgument with all problems, a
  // line each; NotFound if there is no lakeward.yaml; Unsupported locations.
  // With `state`, the lake and the checkpoints are in that folder, whatever the project says.
  static Result<std::unique_ptr<Workspace>> open(
      const std::filesystem::path& folder, Checked checked = Checked::kSettings,
      const std::optional<std::filesystem::path>& state = std::nullopt);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const project::Project& project() const { return project_; }
  Clock& clock() { return clock_; }
  engine::Database& database() { return *database_; }
  io::ObjectStore& lake_store() { return *lake_store_; }
  // Checkpoints are below it, a folder each, of the pipeline's name.
  io::ObjectStore& checkpoint_store() { return *checkpoint_store_; }
  Lake& lake() { return *lake_; }
  const stream::Registry& registry() const { return registry_; }
  stream::Environment& environment() { return *environment_; }

  // What the project will do, every SQL text checked. Errors: InvalidArgument with all problems.
  Result<project::Plan> plan();

  // The pipeline of that name. Errors: InvalidArgument with the nearest name.
  Result<const project::Pipeline*> pipeline(const std::string& name) const;

 private:
  friend Result<config::Problems> find_problems(const std::filesystem::path& folder);
  Workspace() = default;
  Status open_engine(bool runs_pipelines);

  project::Project project_;
  stream::Registry registry_;
  SystemClock clock_;
  std::unique_ptr<SpillFolder> spill_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<io::ObjectStore> lake_store_;
  std::unique_ptr<io::ObjectStore> checkpoint_store_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<stream::Environment> environment_;
};

// All problems of a project: its keys, values and SQL, and what schema registries say of the
// subjects that pipelines read by. Errors: only the engine's and the lake's own; Unavailable, if a
// registry is away and no problem was found without it.
Result<config::Problems> find_problems(const std::filesystem::path& folder);

// "3 problems:\n  pipelines/silver.yaml:14:9: …".
Status invalid_project(const config::Problems& problems);

}  // namespace lakeward::service
