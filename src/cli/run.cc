#include <algorithm>
#include <iostream>

#include "cli/interruption.h"
#include "cli/run_progress.h"
#include "cli/verbs.h"
#include "service/runner.h"
#include "service/schedule.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

struct RunOptions {
  std::vector<std::string> pipelines;
  bool once = false;
  std::optional<Duration> duration;
};

constexpr Duration kLivePeriod{250'000};
constexpr Duration kQuietPeriod{1'000'000};

// Requests a stop of its own when the time is over, or when the user does.
class Deadline {
 public:
  Deadline(std::optional<Duration> duration, std::stop_token interrupted)
      : on_interrupt_(interrupted, [this] { source_.request_stop(); }) {
    if (!duration) return;
    timer_ = std::jthread([this, duration = *duration](std::stop_token stop) {
      if (SystemClock().wait(duration, stop)) source_.request_stop();
    });
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> on_interrupt_;
  std::jthread timer_;
};

// "bronze, silver".
std::string names_of(const service::RunReport& report, service::PipelineReport::End end) {
  std::string names;
  for (const service::PipelineReport& pipeline : report.pipelines) {
    if (pipeline.end == end) names += (names.empty() ? "" : ", ") + pipeline.name;
  }
  return names;
}

Outcome outcome_of(const service::RunReport& report, bool interrupted) {
  using End = service::PipelineReport::End;
  const Status failure = report.failure();
  if (!failure.ok()) {
    return {Status(failure.code(), "failed: " + names_of(report, End::kFailed)),
            work_failed(failure).code};
  }
  if (interrupted) return Outcome(cancelled("interrupted"));
  // The time was over before what they wait for was back: that is no success.
  const std::string retrying = names_of(report, End::kRetrying);
  return retrying.empty() ? Outcome(ok_status())
                          : work_failed(unavailable("still trying again: " + retrying));
}

Outcome run(const RunOptions& options, const Common& common) {
  if (options.once && options.duration) {
    return invalid_argument("--once and --for exclude each other");
  }
  Interruption interruption;
  auto workspace = service::Workspace::open(common.project, service::Workspace::Checked::kToRun);
  if (!workspace.ok()) return workspace.status();
  const Result<project::Plan> plan = (*workspace)->plan();
  if (!plan.ok()) return plan.status();
  auto scheduled = service::schedule((*workspace)->project(), plan->lineage, options.pipelines);
  if (!scheduled.ok()) return scheduled.status();

  const Screen screen = Screen::of_stderr();
  RunProgress progress(screen, (*workspace)->clock(), common.quiet || common.json);
  service::RunReport report;
  {
    const Deadline deadline(options.duration, interruption.token());
    (*workspace)->environment().stop = deadline.token();
    service::Runner::Progress reporting;
    reporting.period = screen.width > 0 ? kLivePeriod : kQuietPeriod;
    reporting.report = [&, stop = deadline.token()](const service::RunReport& report) {
      progress.show(report, stop.stop_requested());
    };
    service::Runner runner(**workspace, std::move(*scheduled), reporting);
    report = options.once ? runner.drain(deadline.token()) : runner.follow(deadline.token());
  }
  progress.clear();
  if (common.json) {
    std::cout << summary_json(report);
  } else if (!common.quiet || !report.failure().ok()) {
    std::cerr << summary_text(report, screen);
  }
  return outcome_of(report, interruption.requested());
}

}  // namespace

void add_run(CommandLine& line) {
  auto options = std::make_shared<RunOptions>();
  line.add({.name = "run",
            .summary = "Runs the project's pipelines, until stopped or until all input is taken",
            .details =
                {"Without names, all pipelines run. Ctrl-C ends the run after the running "
                 "epochs are committed; a second one\nends it at once, which loses and "
                 "repeats nothing either.",
                 "At the end, a summary says where every row went: read = written + filtered "
                 "+ dropped + dead letters.",
                 "Servers that are away are waited for, also with --once. An epoch that needs "
                 "more memory than there is ends a run\nwith --once, after three tries; "
                 "without it, it is tried again, as other pipelines may leave memory."},
            .examples = {"lakeward run --once", "lakeward run bronze_sensor_data --for 10m"}},
           [options](const Common& common) { return run(*options, common); })
      .arguments("PIPELINE", options->pipelines, "Only these, in the order of their lineage")
      .flag("--once", options->once, "Until every source is drained, in dependency order; then end")
      .option("--for", options->duration,
              "Stop, as with Ctrl-C, after so long; exit code 0, or 1 if a pipeline has failed or "
              "still tries again");
}

}  // namespace lakeward::cli
