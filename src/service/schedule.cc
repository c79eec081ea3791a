#include "service/schedule.h"

#include <algorithm>

#include "base/suggest.h"

namespace lakeward::service {

Result<std::vector<ScheduledPipeline>> schedule(const project::Project& project,
                                                const project::Lineage& lineage,
                                                const std::vector<std::string>& names) {
  if (project.pipelines.empty()) {
    return invalid_argument("the project '" + project.name + "' has no pipelines: add a file in " +
                            (project.root / "pipelines").string());
  }
  std::vector<std::string> known;
  for (const project::Pipeline& pipeline : project.pipelines) known.push_back(pipeline.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid_argument("there is no pipeline '" + name + "'" + suggestion(name, known));
    }
  }
  const auto selected = [&](const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<ScheduledPipeline> scheduled;
  for (const size_t index : lineage.order) {
    const project::Pipeline& pipeline = project.pipelines[index];
    if (!selected(pipeline.name)) continue;
    ScheduledPipeline next{&pipeline, {}};
    const auto names_of = [&](const std::vector<size_t>& places, std::vector<std::string>& into) {
      for (const size_t place : places) {
        if (selected(project.pipelines[place].name)) into.push_back(project.pipelines[place].name);
      }
    };
    names_of(lineage.links[index].upstream, next.reads_from);
    names_of(lineage.links[index].fed_by, next.fed_by);
    scheduled.push_back(std::move(next));
  }
  return scheduled;
}

}  // namespace lakeward::service
