#include <deque>
#include <iostream>

#include "base/secret.h"
#include "base/units.h"
#include "cli/aside.h"
#include "cli/json_output.h"
#include "cli/status_text.h"
#include "cli/verbs.h"
#include "service/pipeline_facts.h"
#include "stream/accounting_json.h"
#include "stream/source.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;
using service::PipelineFacts;

constexpr size_t kAtOnce = 64;

Json to_json(const PipelineFacts& facts) {
  Json object{{"pipeline", facts.name}, {"state", facts.state}};
  if (facts.epoch) object["epoch"] = *facts.epoch;
  if (facts.epoch_time) object["epoch_time"] = format_timestamp(*facts.epoch_time);
  if (facts.unfinished) object["unfinished_epoch"] = *facts.unfinished;
  object["last_epoch"] = Json::parse(stream::accounting_to_json(facts.last_accounting));
  if (facts.process) {
    object["pid"] = facts.process->pid;
    object["process_total"] = Json::parse(stream::accounting_to_json(facts.process->total));
    object["rows_per_second"] = facts.process->rows_per_second;
    object["updated"] = format_timestamp(facts.process->updated);
    if (!facts.process->problem.empty()) object["sink_problem"] = facts.process->problem;
    if (!facts.process->last_error.empty()) {
      object["last_error"] = facts.process->last_error;
      if (facts.process->last_error_time) {
        object["last_error_time"] = format_timestamp(*facts.process->last_error_time);
      }
    }
  }
  object["position"] = facts.position;
  if (facts.lag_records) object["lag_records"] = *facts.lag_records;
  if (facts.lag_bytes) object["lag_bytes"] = *facts.lag_bytes;
  if (!facts.parts.empty()) {
    object["parts"] = Json::array();
    for (const stream::PartLag& part : facts.parts) {
      object["parts"].push_back({{"part", part.part},
                                 {"position", part.position},
                                 {"end", part.end},
                                 {"lag_records", behind(part)}});
    }
  }
  if (!facts.problem.empty()) object["problem"] = facts.problem;
  return object;
}

// All at the same time: one server that does not answer may be what many are asked about.
std::vector<PipelineFacts> facts_of(service::Workspace& workspace,
                                    const std::vector<const project::Pipeline*>& pipelines) {
  using Answer = Aside<PipelineFacts>;
  std::deque<Answer> asked;
  std::vector<PipelineFacts> all;
  for (size_t next = 0; all.size() < pipelines.size();) {
    for (; next < pipelines.size() && asked.size() < kAtOnce; ++next) {
      asked.emplace_back([&workspace, pipeline = pipelines[next]] {
        return service::pipeline_facts(workspace, *pipeline);
      });
    }
    all.push_back(*asked.front().wait(std::nullopt, {}));
    asked.pop_front();
  }
  return all;
}

Outcome status(const std::string& name, const Common& common) {
  auto workspace =
      service::Workspace::open(common.project, service::Workspace::Checked::kPipelines);
  if (!workspace.ok()) return workspace.status();
  std::vector<const project::Pipeline*> pipelines;
  if (name.empty()) {
    for (const auto& pipeline : (*workspace)->project().pipelines) pipelines.push_back(&pipeline);
  } else {
    const auto pipeline = (*workspace)->pipeline(name);
    if (!pipeline.ok()) return pipeline.status();
    pipelines.push_back(*pipeline);
  }
  const std::vector<PipelineFacts> all = facts_of(**workspace, pipelines);
  Json array = Json::array();
  std::string errors;
  for (const PipelineFacts& facts : all) {
    array.push_back(to_json(facts));
    if (!facts.problem.empty()) errors += facts.name + ": " + facts.problem + "\n";
    if (facts.process && !facts.process->problem.empty()) {
      errors += facts.name + ": " + facts.process->problem + "\n";
    }
    if (facts.process && !facts.process->last_error.empty()) {
      errors += facts.name + ": last error: " + facts.process->last_error + "\n";
    }
  }
  if (common.json) {
    std::cout << json_line(array);
    return ok_status();
  }
  const Screen screen = Screen::of_stdout();
  std::cout << status_table(all, screen) << (name.empty() ? "" : parts_table(all.front(), screen))
            << mask_secrets(errors);
  return ok_status();
}

}  // namespace

void add_status(CommandLine& line) {
  auto name = std::make_shared<std::string>();
  line.add({.name = "status",
            .summary = "Shows how far pipelines are: epochs, rows, lag, last errors",
            .details = {"Works while a run is going on and when none is. Rows are those of the "
                        "process that runs, or ran last. With a name, each part of the "
                        "source (a topic's partitions) is listed, too. --json has all of it."},
            .examples = {"lakeward status", "lakeward status silver_sensor_data --json"}},
           [name](const Common& common) { return status(*name, common); })
      .optional_argument("PIPELINE", *name, "Only this one");
}

}  // namespace lakeward::cli
