#include "service/pipeline_builder.h"

#include "checkpoint/checkpoint_log.h"
#include "engine/sql_inspect.h"
#include "project/decode_reader.h"
#include "service/dead_letter_source.h"
#include "service/dead_letter_topic.h"
#include "service/reader_schemas.h"

namespace lakeward::service {
namespace {

using config::Value;

// A block of options made by the program: {table: NAME}.
Value table_options(const std::string& table) {
  Value::Map map(1);
  map[0].key = "table";
  map[0].value = Value(Value::Scalar{.text = table, .quoted = true}, config::Location());
  return Value(std::move(map), config::Location());
}

// A table that was made by an older version gets the columns that it lacks.
Value letter_table_options(const project::Pipeline& pipeline) {
  Value::Map options = table_options(project::dead_letter_table(pipeline)).map();
  options.push_back({"evolve_schema", config::Location(),
                     Value(Value::Scalar{.text = "true"}, config::Location())});
  return Value(std::move(options), config::Location());
}

Result<std::unique_ptr<stream::Sink>> build_sink(Workspace& workspace, const std::string& connector,
                                                 const stream::SinkArguments& arguments) {
  const stream::SinkType* type = workspace.registry().sink(connector);
  if (type == nullptr) return unsupported("the sink '" + connector + "' is not supported yet");
  return type->make(arguments, workspace.environment());
}

// What a stream has besides its source and checkpoint.
Status add_transform(Workspace& workspace, const project::Pipeline& pipeline,
                     stream::PipelineSpec& spec) {
  spec.name = pipeline.name;
  spec.transform = pipeline.sql.text();
  for (const project::DeclaredExpectation& expectation : pipeline.expectations) {
    spec.expectations.push_back(
        {expectation.name, expectation.check.text(), expectation.otherwise});
  }
  spec.limits = pipeline.limits;
  ASSIGN_OR_RETURN(spec.format, build_format(workspace, pipeline));
  ASSIGN_OR_RETURN(const auto session, workspace.database().make_session());
  ASSIGN_OR_RETURN(const engine::SqlInspection inspection,
                   engine::inspect(*session, spec.transform));
  for (const std::string& table : inspection.tables) {
    if (table != "input") spec.lake_tables.push_back(table);
  }
  spec.tables = &workspace.lake();
  return ok_status();
}

Status add_sinks(Workspace& workspace, const project::Pipeline& pipeline, bool replay,
                 stream::PipelineSpec& spec) {
  const std::string& query_id = spec.checkpoint->query_id();
  for (const project::ConnectorBlock& block : pipeline.sinks) {
    ASSIGN_OR_RETURN(auto sink, build_sink(workspace, block.connector,
                                           {pipeline.name, query_id, block.options, replay}));
    spec.sinks.push_back(std::move(sink));
  }
  if (pipeline.has_dead_letters() && pipeline.dead_letters) {
    ASSIGN_OR_RETURN(spec.dead_letters,
                     make_dead_letter_topic(workspace, pipeline, query_id, replay));
  } else if (pipeline.has_dead_letters()) {
    ASSIGN_OR_RETURN(spec.dead_letters,
                     build_sink(workspace, "delta",
                                {pipeline.name, query_id, letter_table_options(pipeline), replay}));
  }
  return ok_status();
}

Status open_checkpoint(Workspace& workspace, const std::string& folder, Random& random,
                       stream::PipelineSpec& spec) {
  ASSIGN_OR_RETURN(spec.checkpoint,
                   checkpoint::CheckpointLog::open(workspace.checkpoint_store(), folder, random));
  return spec.checkpoint->lock();
}

}  // namespace

std::string checkpoint_folder(const project::Pipeline& pipeline) { return pipeline.name; }
std::string replay_folder(const project::Pipeline& pipeline) { return pipeline.name + ".dlq"; }

Result<std::unique_ptr<format::Format>> build_format(Workspace& workspace,
                                                     const project::Pipeline& pipeline) {
  if (!pipeline.decode || pipeline.decode->format == "parquet") {
    return std::unique_ptr<format::Format>();
  }
  return project::make_format(*pipeline.decode, workspace.project().time_zone == "UTC",
                              &workspace.clock());
}

Result<std::unique_ptr<stream::Source>> build_source(Workspace& workspace,
                                                     const project::Pipeline& pipeline,
                                                     const format::Format* format) {
  if (!pipeline.from) return std::unique_ptr<stream::Source>();
  const stream::SourceType* type = workspace.registry().source(pipeline.from->connector);
  if (type == nullptr) {
    return unsupported("the source '" + pipeline.from->connector + "' is not supported yet");
  }
  return type->make({pipeline.name, pipeline.from->options, format,
                     pipeline.decode ? pipeline.decode->format : ""},
                    workspace.environment());
}

Result<std::unique_ptr<stream::Sink>> build_sink(Workspace& workspace,
                                                 const project::Pipeline& pipeline,
                                                 const project::ConnectorBlock& block) {
  return build_sink(workspace, block.connector, {pipeline.name, "", block.options});
}

Result<stream::PipelineSpec> build_pipeline(Workspace& workspace, const project::Pipeline& pipeline,
                                            Random& random) {
  stream::PipelineSpec spec;
  RETURN_IF_ERROR(add_transform(workspace, pipeline, spec));
  ASSIGN_OR_RETURN(spec.source, build_source(workspace, pipeline, spec.format.get()));
  RETURN_IF_ERROR(open_checkpoint(workspace, checkpoint_folder(pipeline), random, spec));
  RETURN_IF_ERROR(keep_reader_schema(pipeline, workspace.checkpoint_store()));
  RETURN_IF_ERROR(add_sinks(workspace, pipeline, false, spec));
  return spec;
}

Result<stream::PipelineSpec> build_for_peek(Workspace& workspace,
                                            const project::Pipeline& pipeline) {
  stream::PipelineSpec spec;
  RETURN_IF_ERROR(add_transform(workspace, pipeline, spec));
  ASSIGN_OR_RETURN(spec.source, build_source(workspace, pipeline, spec.format.get()));
  return spec;
}

Result<std::unique_ptr<Letters>> open_dead_letters(Workspace& workspace,
                                                   const project::Pipeline& pipeline) {
  if (pipeline.has_dead_letters() && pipeline.dead_letters) {
    return make_topic_letters(workspace, pipeline);
  }
  const std::string table = project::dead_letter_table(pipeline);
  ASSIGN_OR_RETURN(const std::optional<int64_t> version, workspace.lake().version(table));
  if (!version || !pipeline.has_dead_letters()) return std::unique_ptr<Letters>();
  const stream::SourceType* delta = workspace.registry().source("delta");
  CHECK(delta != nullptr, "the program has a delta source");
  ASSIGN_OR_RETURN(auto source, delta->make({pipeline.name, table_options(table), nullptr, ""},
                                            workspace.environment()));
  return make_table_letters(std::move(source));
}

Result<stream::PipelineSpec> build_replay(Workspace& workspace, const project::Pipeline& pipeline,
                                          Random& random) {
  ASSIGN_OR_RETURN(auto letters, open_dead_letters(workspace, pipeline));
  if (letters == nullptr) {
    return not_found("the pipeline '" + pipeline.name +
                     "' has no dead letters: there is no table " +
                     project::dead_letter_table(pipeline));
  }
  stream::PipelineSpec spec;
  RETURN_IF_ERROR(add_transform(workspace, pipeline, spec));
  ReplayInput input;
  if (spec.format == nullptr) {
    ASSIGN_OR_RETURN(const auto own, build_source(workspace, pipeline, nullptr));
    ASSIGN_OR_RETURN(input.relation, own->relation_schema());
    if (!input.relation) {
      return unavailable("the columns of the input of '" + pipeline.name +
                         "' are not known yet: does the table exist that it reads?");
    }
  }
  spec.source = make_dead_letter_source(std::move(letters), std::move(input), workspace.database());
  RETURN_IF_ERROR(open_checkpoint(workspace, replay_folder(pipeline), random, spec));
  RETURN_IF_ERROR(add_sinks(workspace, pipeline, true, spec));
  return spec;
}

}  // namespace lakeward::service
