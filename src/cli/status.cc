#include <iostream>

#include "base/secret.h"
#include "base/units.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "service/pipeline_facts.h"
#include "stream/accounting_json.h"
#include "stream/source.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;
using service::PipelineFacts;

uint64_t behind(const stream::PartLag& part) {
  return part.end > part.position ? part.end - part.position : 0;
}

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

std::string lag_text(const PipelineFacts& facts) {
  if (facts.lag_records) return format_count(*facts.lag_records, "record");
  if (facts.lag_bytes) return format_bytes(*facts.lag_bytes);
  return "";
}

std::vector<std::string> to_row(const PipelineFacts& facts) {
  const auto count = [&](uint64_t stream::Accounting::*member) {
    return facts.process ? format_count(facts.process->total.*member) : "";
  };
  return {facts.name,
          facts.state,
          facts.epoch ? std::to_string(*facts.epoch) : "",
          facts.epoch_time ? format_timestamp(*facts.epoch_time) : "",
          count(&stream::Accounting::read),
          count(&stream::Accounting::written),
          count(&stream::Accounting::dead_lettered),
          lag_text(facts),
          mask_secrets(facts.position)};
}

std::string parts_table(const PipelineFacts& facts) {
  std::vector<std::vector<std::string>> rows;
  for (const stream::PartLag& part : facts.parts) {
    rows.push_back({mask_secrets(part.part), format_count(part.position), format_count(part.end),
                    format_count(behind(part))});
  }
  if (rows.empty()) return "";
  return "\n" + format_table({{"part"}, {"position", true}, {"end", true}, {"behind", true}}, rows,
                             Screen::of_stdout());
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
  Json array = Json::array();
  std::vector<std::vector<std::string>> rows;
  std::string parts;
  std::string errors;
  for (const project::Pipeline* pipeline : pipelines) {
    const PipelineFacts facts = service::pipeline_facts(**workspace, *pipeline);
    array.push_back(to_json(facts));
    rows.push_back(to_row(facts));
    if (!name.empty()) parts += parts_table(facts);
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
  std::cout << format_table({{"pipeline"},
                             {"state"},
                             {"epoch", true},
                             {"committed"},
                             {"read", true},
                             {"written", true},
                             {"dead letters", true},
                             {"behind", true},
                             {"position"}},
                            rows, Screen::of_stdout())
            << parts << mask_secrets(errors);
  return ok_status();
}

}  // namespace

void add_status(CommandLine& line) {
  auto name = std::make_shared<std::string>();
  line.add({.name = "status",
            .summary = "Shows how far pipelines are: epochs, rows, lag, last errors",
            .details = {"Works while a run is going on and when none is. Rows are those of the "
                        "process that runs, or ran last. With a name, each part of the "
                        "source (a topic's partitions) is listed, too."},
            .examples = {"lakeward status", "lakeward status silver_sensor_data --json"}},
           [name](const Common& common) { return status(*name, common); })
      .optional_argument("PIPELINE", *name, "Only this one");
}

}  // namespace lakeward::cli
