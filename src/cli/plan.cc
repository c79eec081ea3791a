#include <algorithm>
#include <iostream>

#include "base/secret.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "service/pipeline_facts.h"
#include "service/reader_schemas.h"
#include "service/table_facts.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string join(const std::vector<std::string>& words, const char* separator = ", ") {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : separator) + word;
  return out;
}

// One pipeline of the plan, as it is shown.
struct PlannedPipeline {
  std::string name;
  std::string kind;
  std::string source;
  std::vector<std::string> sinks;
  std::vector<std::string> upstream;
  std::vector<std::string> reads;
  std::vector<std::string> writes;
  std::optional<engine::Schema> columns;
  std::vector<std::string> changes;  // that do not fit the checkpoint or a table
};

// A source or a sink in a few words; `type` may be null.
template <typename Type>
std::string block_text(const project::ConnectorBlock& block, const Type* type) {
  std::string text = project::lake_table(block);
  if (text.empty() && type != nullptr && type->describe) text = type->describe(block.options);
  return text.empty() ? block.connector : block.connector + " " + text;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Columns of an existing table whose type is another one than what the pipeline makes now.
void compare_with_table(service::Workspace& workspace, const std::string& table,
                        const engine::Schema& columns, std::vector<std::string>& changes) {
  const auto version = workspace.lake().version(table);
  if (!version.ok() || !*version) return;
  const auto details = service::table_details(workspace.lake(), table);
  if (!details.ok()) {
    changes.push_back(details.status().message());
    return;
  }
  for (const engine::Column& column : columns) {
    const delta::Field* field = delta::find_field(details->schema, column.name);
    const Result<delta::DataType> wanted = delta::delta_type(column.type);
    if (field == nullptr) {
      changes.push_back("the column '" + column.name + "' is new in " + table);
    } else if (wanted.ok() && !(*wanted == field->type)) {
      changes.push_back("the column '" + column.name + "' of " + table + " is " +
                        delta::type_name(field->type) + "; the pipeline makes " +
                        delta::type_name(*wanted));
    }
  }
  for (const delta::Field& field : details->schema) {
    const bool kept = std::any_of(
        columns.begin(), columns.end(),
        [&](const engine::Column& column) { return lower(column.name) == lower(field.name); });
    if (!kept) changes.push_back("the column '" + field.name + "' of " + table + " gets NULL");
  }
}

PlannedPipeline describe(service::Workspace& workspace, const project::Plan& plan, size_t index) {
  const project::Project& project = workspace.project();
  const project::Pipeline& pipeline = project.pipelines[index];
  const project::PipelineLinks& links = plan.lineage.links[index];
  PlannedPipeline planned;
  planned.name = pipeline.name;
  planned.kind = pipeline.is_view() ? "view" : "stream";
  const stream::Registry& registry = workspace.registry();
  planned.source = pipeline.from
                       ? block_text(*pipeline.from, registry.source(pipeline.from->connector))
                       : join(links.sql_tables);
  for (const auto& sink : pipeline.sinks) {
    planned.sinks.push_back(block_text(sink, registry.sink(sink.connector)));
  }
  for (const std::vector<size_t>& before : {links.upstream, links.fed_by}) {
    for (const size_t pipeline : before) {
      planned.upstream.push_back(project.pipelines[pipeline].name);
    }
  }
  planned.reads = links.sql_tables;
  if (links.source_table) planned.reads.insert(planned.reads.begin(), *links.source_table);
  planned.writes = links.writes;
  planned.columns = plan.types[index].output;
  if (planned.columns) {
    for (const auto& sink : pipeline.sinks) {
      const std::string table = project::lake_table(sink);
      if (!table.empty()) {
        compare_with_table(workspace, table, *planned.columns, planned.changes);
      }
    }
  }
  if (pipeline.decode && !pipeline.decode->avro.unresolved.empty()) {
    planned.changes.push_back("the columns are not known yet: " + pipeline.decode->avro.unresolved);
  }
  const service::PipelineFacts facts = service::pipeline_facts(workspace, pipeline);
  if (!facts.problem.empty()) planned.changes.push_back("checkpoint: " + facts.problem);
  if (facts.unfinished) {
    planned.changes.push_back("epoch " + std::to_string(*facts.unfinished) +
                              " was not finished and is repeated first");
  }
  return planned;
}

Json to_json(const PlannedPipeline& planned) {
  Json columns = nullptr;
  if (planned.columns) {
    columns = Json::array();
    for (const auto& column : *planned.columns) {
      columns.push_back(Json{{"name", column.name}, {"type", column.type}});
    }
  }
  return Json{
      {"pipeline", planned.name}, {"kind", planned.kind},         {"source", planned.source},
      {"sinks", planned.sinks},   {"upstream", planned.upstream}, {"reads", planned.reads},
      {"writes", planned.writes}, {"columns", columns},           {"changes", planned.changes}};
}

void print(const PlannedPipeline& planned, size_t number) {
  std::cout << number << ". " << planned.name << " (" << planned.kind << ")\n"
            << "   from     " << mask_secrets(planned.source) << "\n"
            << "   to       " << mask_secrets(join(planned.sinks)) << "\n";
  if (!planned.upstream.empty()) std::cout << "   after    " << join(planned.upstream) << "\n";
  if (planned.columns) {
    std::string columns;
    for (const auto& column : *planned.columns) {
      columns += (columns.empty() ? "" : ", ") + column.name + " " + column.type;
    }
    std::cout << "   columns  " << columns << "\n";
  }
  for (const std::string& change : planned.changes) {
    std::cout << "   note     " << mask_secrets(change) << "\n";
  }
}

Outcome show_plan(const Common& common) {
  auto workspace =
      service::Workspace::open(common.project, service::Workspace::Checked::kPipelines);
  if (!workspace.ok()) return workspace.status();
  const Result<project::Plan> plan = (*workspace)->plan();
  if (!plan.ok()) return plan.status();
  Json array = Json::array();
  size_t number = 0;
  for (const size_t index : plan->lineage.order) {
    const PlannedPipeline planned = describe(**workspace, *plan, index);
    if (common.json) {
      array.push_back(to_json(planned));
    } else {
      print(planned, ++number);
    }
  }
  if (common.json) std::cout << json_line(array);
  // Of these pipelines, what was shown is not all.
  return service::check_reader_schemas((*workspace)->project());
}

}  // namespace

void add_plan(CommandLine& line) {
  line.add({.name = "plan",
            .summary = "Shows what would run, in order, and what does not fit what is there",
            .details = {"For each pipeline: its source, sinks, columns, the pipelines before it, "
                        "and changes since the last run that\ndo not fit a table or the "
                        "checkpoint. Nothing is written."},
            .examples = {"lakeward plan"}},
           show_plan);
}

}  // namespace lakeward::cli
