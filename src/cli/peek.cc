#include <iostream>

#include "cli/interruption.h"
#include "cli/result_output.h"
#include "cli/verbs.h"
#include "service/pipeline_builder.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

struct PeekOptions {
  std::string pipeline;
  std::optional<uint64_t> rows;
  std::string format;
};

constexpr uint64_t kDefaultRows = 10;

Result<stream::Peek> peek_rows(const PeekOptions& options, service::Workspace& workspace,
                               std::stop_token stop) {
  RETURN_IF_ERROR(workspace.plan().status());
  ASSIGN_OR_RETURN(const project::Pipeline* pipeline, workspace.pipeline(options.pipeline));
  ASSIGN_OR_RETURN(stream::PipelineSpec spec, service::build_for_peek(workspace, *pipeline));
  Random random = Random::from_entropy();
  ASSIGN_OR_RETURN(const auto runner,
                   stream::PipelineRunner::make(std::move(spec),
                                                {workspace.clock(), random, workspace.database()}));
  const std::stop_callback interrupt(stop, [&runner] { runner->interrupt(); });
  return runner->peek(options.rows.value_or(kDefaultRows), stop);
}

Outcome peek(const PeekOptions& options, const Common& common) {
  const Interruption interruption;
  auto workspace =
      service::Workspace::open(common.project, service::Workspace::Checked::kPipelines);
  if (!workspace.ok()) return workspace.status();
  const Result<stream::Peek> peeked = peek_rows(options, **workspace, interruption.token());
  if (!peeked.ok()) return peeked.status();
  const std::string format =
      !options.format.empty() ? options.format : (common.json ? "json" : "table");
  const Status written = write_held_rows(peeked->schema, peeked->rows,
                                         {row_format(format), Screen::of_stdout()}, std::cout);
  if (!written.ok()) return written;
  if (!common.quiet) {
    for (const std::string& rejected : peeked->rejected) {
      std::cerr << "rejected: " << one_line(rejected) << "\n";
    }
  }
  return ok_status();
}

}  // namespace

void add_peek(CommandLine& line) {
  auto options = std::make_shared<PeekOptions>();
  line.add({.name = "peek",
            .summary = "Shows what a few records become after decode and transform",
            .details = {"Reads from where the source begins and writes nothing. What would be "
                        "rejected is said on stderr."},
            .examples = {"lakeward peek silver_sensor_data -n 5"}},
           [options](const Common& common) { return peek(*options, common); })
      .argument("PIPELINE", options->pipeline, "The pipeline's name")
      .option("-n,--rows", options->rows, "Records to read; default: 10")
      .choice("--format", options->format, {"table", "csv", "json"},
              "How rows are printed; default: table");
}

}  // namespace lakeward::cli
