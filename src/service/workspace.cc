#include "service/workspace.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/suggest.h"
#include "connectors/registry.h"
#include "connectors/schema_registry/client.h"
#include "project/load.h"
#include "project/named_files.h"
#include "service/reader_schemas.h"

namespace lakeward::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSpillPrefix = "lakeward-spill-";
constexpr uint64_t kSmallestBudget = 64ULL << 20;

bool is_url(const std::string& location) { return location.find("://") != std::string::npos; }

// Spills need as much room as data: they go beside the lake, not to a /tmp that may be memory.
fs::path spill_parent(const project::Project& project, bool runs_pipelines) {
  if (!runs_pipelines || is_url(project.lake)) return fs::temp_directory_path();
  return fs::path(project.lake) / "_lakeward";
}

void remove_abandoned(const fs::path& parent) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kSpillPrefix)) continue;
    pid_t owner = 0;
    const char* begin = name.data() + std::string_view(kSpillPrefix).size();
    if (std::from_chars(begin, name.data() + name.size(), owner).ec != std::errc()) continue;
    if (kill(owner, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

Result<std::shared_ptr<format::SchemaRegistrar>> open_registrar(const config::Value& options) {
  config::Problems problems;  // of a declaration that is already checked
  auto parsed = connectors::schema_registry::registry_options().parse(options, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  return std::shared_ptr<format::SchemaRegistrar>(
      std::make_shared<connectors::schema_registry::Client>(std::move(parsed)));
}

}  // namespace

SpillFolder::SpillFolder(fs::path parent)
    : path_(parent / (kSpillPrefix + std::to_string(getpid()))) {
  remove_abandoned(parent);
}

SpillFolder::~SpillFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

uint64_t engine_budget(uint64_t process_bytes) {
  return std::max(kSmallestBudget, process_bytes - process_bytes / 4);
}

Result<std::unique_ptr<Workspace>> Workspace::open(const fs::path& folder, Checked checked,
                                                   const std::optional<fs::path>& state) {
  auto workspace = std::unique_ptr<Workspace>(new Workspace());
  connectors::register_connectors(workspace->registry_);
  const project::SystemVariables variables;
  project::LoadedProject loaded = project::load_project(folder, variables, workspace->registry_);
  config::Problems& problems = loaded.problems;
  if (checked == Checked::kSettings) {
    std::erase_if(problems, [](const config::Problem& problem) {
      return !problem.location.file.ends_with(project::kProjectFile);
    });
  }
  if (!problems.empty()) return invalid_project(problems);
  workspace->project_ = std::move(loaded.project);
  if (state) {
    workspace->project_.lake = (*state / "lake").string();
    workspace->project_.checkpoints = (*state / "checkpoints").string();
  }
  RETURN_IF_ERROR(workspace->open_engine(checked == Checked::kToRun));
  if (checked != Checked::kSettings) {
    RETURN_IF_ERROR(
        resolve_reader_schemas(workspace->project_, *workspace->checkpoint_store_, nullptr));
  }
  return workspace;
}

Status Workspace::open_engine(bool runs_pipelines) {
  spill_ = std::make_unique<SpillFolder>(spill_parent(project_, runs_pipelines));
  engine::DatabaseOptions options;
  options.memory_bytes = engine_budget(project_.memory_bytes);
  options.spill_directory = spill_->path();
  options.time_zone = project_.time_zone;
  ASSIGN_OR_RETURN(database_, engine::Database::open(options));
  ASSIGN_OR_RETURN(lake_store_, io::open_store(project_.lake));
  ASSIGN_OR_RETURN(checkpoint_store_, io::open_store(project_.checkpoints));
  lake_ = std::make_unique<Lake>(*lake_store_, *database_);
  environment_ = std::make_unique<stream::Environment>(stream::Environment{
      clock_, *database_, *lake_store_, project_.root, project_.memory_bytes, open_registrar});
  return ok_status();
}

Result<project::Plan> Workspace::plan() {
  ASSIGN_OR_RETURN(project::Plan plan,
                   project::make_plan(project_, registry_, *database_, lake_.get()));
  if (!plan.problems.empty()) return invalid_project(plan.problems);
  return plan;
}

Result<const project::Pipeline*> Workspace::pipeline(const std::string& name) const {
  if (const project::Pipeline* found = project_.find(name)) return found;
  std::vector<std::string> names;
  for (const project::Pipeline& pipeline : project_.pipelines) names.push_back(pipeline.name);
  return invalid_argument("there is no pipeline '" + name + "'" + suggestion(name, names));
}

Result<config::Problems> find_problems(const fs::path& folder) {
  Workspace workspace;
  connectors::register_connectors(workspace.registry_);
  const project::SystemVariables variables;
  project::LoadedProject loaded = project::load_project(folder, variables, workspace.registry_);
  if (!loaded.problems.empty()) return loaded.problems;
  workspace.project_ = std::move(loaded.project);
  project::check_named_files(workspace.project_, loaded.problems);
  if (!loaded.problems.empty()) return loaded.problems;
  RETURN_IF_ERROR(workspace.open_engine(false));
  RETURN_IF_ERROR(
      resolve_reader_schemas(workspace.project_, *workspace.checkpoint_store_, &loaded.problems));
  if (!loaded.problems.empty()) return loaded.problems;
  ASSIGN_OR_RETURN(project::Plan plan,
                   project::make_plan(workspace.project_, workspace.registry_, *workspace.database_,
                                      workspace.lake_.get()));
  // What is wrong elsewhere can be mended while a registry is away.
  if (plan.problems.empty()) RETURN_IF_ERROR(check_reader_schemas(workspace.project_));
  return std::move(plan.problems);
}

Status invalid_project(const config::Problems& problems) {
  if (problems.size() == 1) return invalid_argument(problems.front().to_string());
  std::string text = std::to_string(problems.size()) + " problems:";
  for (const config::Problem& problem : problems) text += "\n  " + problem.to_string();
  return invalid_argument(text);
}

}  // namespace lakeward::service
