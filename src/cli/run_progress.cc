#include "cli/run_progress.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/secret.h"
#include "base/units.h"
#include "cli/json_output.h"
#include "stream/accounting_json.h"

namespace lakeward::cli {
namespace {

using service::PipelineReport;
using Json = nlohmann::ordered_json;

constexpr Duration kLinePeriod{60'000'000};

uint64_t rows_per_second(const PipelineReport& pipeline) {
  const double seconds = static_cast<double>(pipeline.busy.count()) / 1e6;
  return seconds > 0 ? static_cast<uint64_t>(
                           std::llround(static_cast<double>(pipeline.status.total.read) / seconds))
                     : 0;
}

std::string outcome(const PipelineReport& pipeline) {
  if (pipeline.end == PipelineReport::End::kSkipped) {
    return "skipped: '" + pipeline.blocked_by + "' failed";
  }
  return std::string(to_string(pipeline.end));
}

// A message, whose mend may be on a line of its own, in one line.
std::string line_of(const std::string& text) {
  std::string line;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      line += text[i];
      continue;
    }
    line += line.ends_with('.') ? " " : "; ";
    i = std::min(text.find_first_not_of("\n ", i), text.size()) - 1;
  }
  return one_line(mask_secrets(std::move(line)));
}

}  // namespace

std::string progress_line(const service::RunReport& report) {
  std::string line;
  for (const PipelineReport& pipeline : report.pipelines) {
    if (pipeline.status.state == stream::PipelineState::kNew) continue;
    line += (line.empty() ? "" : "; ") + pipeline.name + ": " +
            format_count(pipeline.status.total.read, "row");
    if (pipeline.status.retries > 0) line += ", retrying";
  }
  return line;
}

std::vector<RunNews::Item> RunNews::take(const service::RunReport& report) {
  const bool any_runs = std::any_of(
      report.pipelines.begin(), report.pipelines.end(),
      [](const auto& pipeline) { return pipeline.end == PipelineReport::End::kRunning; });
  std::vector<Item> items;
  for (const PipelineReport& pipeline : report.pipelines) {
    Told& told = told_[pipeline.name];
    const bool failed = pipeline.end == PipelineReport::End::kFailed;
    const bool retrying = !failed && pipeline.status.retries > 0;
    if (failed && told != Told::kFailed && any_runs) {
      items.push_back({line_of(pipeline.name + ": failed: " + pipeline.error.message()), true});
      told = Told::kFailed;
    } else if (retrying && told == Told::kNothing) {
      items.push_back({line_of(pipeline.name + ": retrying: " + pipeline.status.last_error)});
      told = Told::kRetrying;
    } else if (!retrying && !failed && told == Told::kRetrying &&
               pipeline.status.state != stream::PipelineState::kFailed) {
      items.push_back({pipeline.name + ": goes on"});
      told = Told::kNothing;
    }
  }
  return items;
}

std::vector<RunNews::Item> RunNews::take_stopping(const service::RunReport& report) {
  if (++asked_stopping_ != 2) return {};
  std::string names;
  for (const PipelineReport& pipeline : report.pipelines) {
    if (pipeline.end != PipelineReport::End::kRunning) continue;
    names += (names.empty() ? "" : ", ") + pipeline.name;
    if (pipeline.status.retries > 0) names += " (" + line_of(pipeline.status.last_error) + ")";
  }
  if (names.empty()) return {};
  return {{"stopping: waits for the running epoch or an answer of a server: " + names +
           "; a second Ctrl-C ends at once, which loses and repeats nothing either"}};
}

void RunProgress::show(const service::RunReport& report, bool stopping) {
  std::vector<RunNews::Item> items = news_.take(report);
  if (stopping) {
    for (RunNews::Item& item : news_.take_stopping(report)) items.push_back(std::move(item));
  }
  for (const RunNews::Item& item : items) {
    if (only_failures_ && !item.is_failure) continue;
    clear();
    std::cerr << item.text << std::endl;
  }
  if (only_failures_) return;
  const std::string line = progress_line(report);
  if (line.empty() || line == last_) return;
  if (screen_.width > 0) {
    std::cerr << "\r\x1b[K" << cut(line, screen_.width - 1) << std::flush;
    live_ = true;
  } else {
    const Timestamp now = clock_.now();
    if (!last_time_) last_time_ = now;
    if (now - *last_time_ < kLinePeriod) return;
    last_time_ = now;
    std::cerr << line << "\n";
  }
  last_ = line;
}

void RunProgress::clear() {
  if (live_) std::cerr << "\r\x1b[K" << std::flush;
  live_ = false;
}

std::string summary_text(const service::RunReport& report, Screen screen) {
  std::vector<std::vector<std::string>> rows;
  bool any_lost = false;
  for (const PipelineReport& pipeline : report.pipelines)
    any_lost |= pipeline.status.total.lost > 0;
  for (const PipelineReport& pipeline : report.pipelines) {
    const stream::Accounting& total = pipeline.status.total;
    rows.push_back({pipeline.name, outcome(pipeline), format_count(pipeline.status.epochs),
                    format_count(total.read), format_count(total.written),
                    format_count(total.filtered),
                    format_count(total.dropped + total.deduplicated + total.late),
                    format_count(total.dead_lettered), format_duration(pipeline.busy),
                    format_count(rows_per_second(pipeline))});
    if (any_lost) rows.back().push_back(format_count(total.lost));
  }
  std::vector<TableColumn> columns = {
      {"pipeline"},      {"outcome"},        {"epochs", true},  {"read", true},
      {"written", true}, {"filtered", true}, {"dropped", true}, {"dead letters", true},
      {"time", true},    {"rows/s", true}};
  if (any_lost) columns.push_back({"lost", true});
  std::string text = format_table(columns, rows, screen);
  for (const PipelineReport& pipeline : report.pipelines) {
    for (const auto& [reason, count] : pipeline.dead_letters) {
      text += pipeline.name + ": " + format_count(count, "dead letter") + ": " + reason + "\n";
    }
    if (pipeline.status.total.kept_invalid > 0) {
      text += pipeline.name + ": " + format_count(pipeline.status.total.kept_invalid, "row") +
              " kept although breaking an expectation\n";
    }
  }
  for (const PipelineReport& pipeline : report.pipelines) {
    if (!pipeline.error.ok()) text += pipeline.name + ": " + pipeline.error.message() + "\n";
  }
  return text;
}

std::string summary_json(const service::RunReport& report) {
  Json pipelines = Json::array();
  for (const PipelineReport& pipeline : report.pipelines) {
    Json object{{"pipeline", pipeline.name},
                {"outcome", to_string(pipeline.end)},
                {"epochs", pipeline.status.epochs},
                {"accounting", Json::parse(stream::accounting_to_json(pipeline.status.total))},
                {"dead_letters", pipeline.dead_letters},
                {"output_bytes", pipeline.output_bytes},
                {"busy_seconds", static_cast<double>(pipeline.busy.count()) / 1e6},
                {"rows_per_second", rows_per_second(pipeline)}};
    if (!pipeline.error.ok()) {
      object["error"] =
          Json{{"code", to_string(pipeline.error.code())}, {"message", pipeline.error.message()}};
    }
    if (!pipeline.blocked_by.empty()) object["blocked_by"] = pipeline.blocked_by;
    pipelines.push_back(std::move(object));
  }
  const Json whole{{"pipelines", pipelines},
                   {"seconds", static_cast<double>(report.took.count()) / 1e6}};
  return json_line(whole);
}

}  // namespace lakeward::cli
