#include <sys/sysinfo.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/secret.h"
#include "base/units.h"
#include "cli/aside.h"
#include "cli/interruption.h"
#include "cli/json_output.h"
#include "cli/verbs.h"
#include "connectors/kafka/topic_admin.h"
#include "connectors/schema_registry/client.h"
#include "project/named_files.h"
#include "service/next_epoch.h"
#include "service/pipeline_builder.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLittleDisk = 1ULL << 30;
// For what is asked of one server: a little more than one question to brokers takes, which say more
// of why there is no answer.
constexpr std::chrono::seconds kPatience{12};
constexpr size_t kAtOnce = 64;

// One thing that was looked at: OK, or what is wrong and how to mend it.
struct Finding {
  std::string what;
  bool ok = true;
  std::string detail;
  bool is_note = false;  // OK, but something that one wants to know
};

// The folder, or what is there of the way to it: it is made when it is first needed.
fs::path existing_part(fs::path folder) {
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_parent_path() &&
         folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

Finding check_folder(const std::string& what, const std::string& location) {
  const fs::path there = existing_part(location);
  if (!fs::is_directory(there)) {
    return {what, false, there.string() + " is not a folder; rename it or choose another place"};
  }
  if (access(there.c_str(), W_OK | X_OK) != 0) {
    return {what, false,
            "cannot write to " + there.string() + "; give this user the right to: chown or chmod"};
  }
  std::error_code error;
  const fs::space_info space = fs::space(there, error);
  if (!error && space.available < kLittleDisk) {
    return {what, false,
            location + " has only " + format_bytes(space.available) +
                " left; make room, or choose another disk"};
  }
  return {what, true, location + (error ? "" : ", " + format_bytes(space.available) + " free")};
}

Finding check_memory(uint64_t declared) {
  struct sysinfo info {};
  if (sysinfo(&info) != 0) return {"memory", true, format_bytes(declared)};
  const uint64_t machine = uint64_t{info.totalram} * info.mem_unit;
  const std::string text = format_bytes(declared) + " of this machine's " + format_bytes(machine);
  if (declared <= machine) return {"memory", true, text};
  return {"memory", false, text + "; lower 'memory' in lakeward.yaml"};
}

// Whether the brokers of a connection let us in.
Finding check_brokers(const project::Connection& connection, const fs::path& root) {
  const std::string what = "connection " + connection.name;
  const auto topics = [&]() -> Result<std::vector<connectors::kafka::TopicSummary>> {
    ASSIGN_OR_RETURN(const auto cluster,
                     connectors::kafka::cluster_of(connection.type, connection.options, root));
    ASSIGN_OR_RETURN(const auto admin, connectors::kafka::TopicAdmin::connect(cluster));
    return admin->list();
  }();
  if (!topics.ok()) return {what, false, topics.status().message()};
  return {what, true, connection.type + ", " + format_count(topics->size(), "topic")};
}

// Whether a sink can be written to; nothing if it has nothing to ask.
std::optional<Finding> check_sink(service::Workspace& workspace, const project::Pipeline& pipeline,
                                  const project::ConnectorBlock& block, const std::string& what) {
  const auto seen = [&]() -> Result<std::string> {
    ASSIGN_OR_RETURN(const auto sink, service::build_sink(workspace, pipeline, block));
    return sink->reach();
  }();
  const std::string whose = what + " of " + pipeline.name;
  if (!seen.ok()) return Finding{whose, false, seen.status().message()};
  if (seen->empty()) return std::nullopt;
  return Finding{whose, true, *seen};
}

Finding check_source(service::Workspace& workspace, const project::Pipeline& pipeline,
                     std::stop_token stop) {
  const std::string what = "source of " + pipeline.name;
  const Result<service::NextEpoch> next =
      service::plan_next_epoch(workspace, pipeline, std::move(stop));
  if (!next.ok()) return {what, false, next.status().message()};
  const std::string& connector = pipeline.from->connector;
  if (!next->notice.empty()) {
    return {.what = what, .detail = connector + "; " + next->notice, .is_note = true};
  }
  if (next->lost == 0) return {what, true, connector};
  return {.what = what,
          .detail = connector + "; " + format_count(next->lost, "record") +
                    (next->lost == 1 ? " was" : " were") +
                    " deleted before the pipeline had read them: the next run goes on without "
                    "them, and counts them as lost",
          .is_note = true};
}

Finding check_registry(const project::Pipeline& pipeline) {
  using connectors::schema_registry::Client;
  Client registry(*pipeline.decode->registry, Client::Waits::kSilently);
  const Status answered = registry.reach();
  return {"schema registry of " + pipeline.name, answered.ok(),
          answered.ok() ? registry.name() : answered.message()};
}

// What is asked of a server.
struct Check {
  std::string what;
  std::function<std::optional<Finding>()> ask;
};

std::vector<Check> checks_of(service::Workspace& workspace, const std::stop_token& stop) {
  const project::Project& project = workspace.project();
  std::vector<Check> checks;
  for (const project::Connection& connection : project.connections) {
    if (!connectors::kafka::is_cluster(connection.type)) continue;
    checks.push_back(
        {"connection " + connection.name, [&] { return check_brokers(connection, project.root); }});
  }
  for (const project::Pipeline& pipeline : project.pipelines) {
    if (pipeline.is_view()) continue;
    checks.push_back({"source of " + pipeline.name,
                      [&, stop] { return check_source(workspace, pipeline, stop); }});
    const auto add_sink = [&](const project::ConnectorBlock& block, const std::string& what) {
      checks.push_back({what + " of " + pipeline.name,
                        [&, what] { return check_sink(workspace, pipeline, block, what); }});
    };
    for (const project::ConnectorBlock& block : pipeline.sinks) add_sink(block, "sink");
    if (pipeline.dead_letters) add_sink(*pipeline.dead_letters, "dead letters");
    if (!pipeline.decode || !pipeline.decode->registry) continue;
    checks.push_back(
        {"schema registry of " + pipeline.name, [&] { return check_registry(pipeline); }});
  }
  return checks;
}

// Findings, and whether a check goes on that was not waited for.
struct Examination {
  std::vector<Finding> findings;
  bool left_behind = false;
};

// Many at a time, as one server that does not answer may be what many ask.
void ask_all(const std::vector<Check>& checks, Examination& all, const std::stop_token& stop) {
  using Answer = Aside<std::optional<Finding>>;
  struct Asked {
    Answer answer;
    Answer::Clock::time_point until;
  };
  std::deque<Asked> asked;
  size_t next = 0;
  for (const Check& check : checks) {
    for (; next < checks.size() && asked.size() < kAtOnce; ++next) {
      asked.push_back({Answer(checks[next].ask), Answer::Clock::now() + kPatience});
    }
    const auto answer = asked.front().answer.wait(asked.front().until, stop);
    asked.pop_front();
    all.left_behind |= !answer;
    if (!answer && stop.stop_requested()) return;
    if (!answer) {
      all.findings.push_back({check.what, false,
                              "no answer within " + std::to_string(kPatience.count()) +
                                  " s; is the server it asks frozen, or out of reach?"});
    } else if (*answer) {
      all.findings.push_back(**answer);
    }
  }
}

Examination examine(service::Workspace& workspace, const std::stop_token& stop) {
  const project::Project& project = workspace.project();
  Examination all;
  all.findings = {
      {"project", true,
       project.name + ", " + format_count(project.pipelines.size(), "pipeline") + ", time zone " +
           project.time_zone},
      check_folder("lake", project.lake),
      check_folder("checkpoints", project.checkpoints),
      check_memory(project.memory_bytes),
  };
  ask_all(checks_of(workspace, stop), all, stop);
  return all;
}

// Reads the project, and checks its SQL. May ask schema registries, once; what they say is one of
// the findings.
Result<std::unique_ptr<service::Workspace>> open(const fs::path& folder) {
  ASSIGN_OR_RETURN(auto workspace,
                   service::Workspace::open(folder, service::Workspace::Checked::kPipelines));
  config::Problems problems;
  project::check_named_files(workspace->project(), problems);
  if (!problems.empty()) return service::invalid_project(problems);
  RETURN_IF_ERROR(workspace->plan().status());
  return workspace;
}

// Prints the findings. An error if something is wrong.
Status report(const std::vector<Finding>& findings, bool as_json) {
  size_t wrong = 0;
  nlohmann::ordered_json array = nlohmann::json::array();
  for (const Finding& finding : findings) {
    wrong += finding.ok ? 0 : 1;
    array.push_back({{"what", finding.what}, {"ok", finding.ok}, {"detail", finding.detail}});
    if (finding.is_note) array.back()["note"] = true;
    if (!as_json) {
      std::cout << (!finding.ok       ? "wrong  "
                    : finding.is_note ? "note   "
                                      : "ok     ")
                << finding.what << ": " << mask_secrets(finding.detail) << "\n";
    }
  }
  if (as_json) std::cout << json_line(array);
  if (wrong == 0) return ok_status();
  return io_error(std::to_string(wrong) + (wrong == 1 ? " thing is" : " things are") + " wrong");
}

// Without waiting for threads that were left behind: nothing is written that could be lost.
[[noreturn]] void end_at_once(const Outcome& outcome, bool as_json) {
  std::cout << std::flush;
  report_failure(outcome.status, as_json);
  std::cerr << std::flush;
  _exit(outcome.code);
}

Outcome doctor(const Common& common) {
  const Interruption interruption;
  const std::stop_token stop = interruption.token();
  Aside<Result<std::unique_ptr<service::Workspace>>> opening(
      [folder = common.project] { return open(folder); });
  const auto workspace = opening.wait(std::nullopt, stop);
  if (!workspace) end_at_once(cancelled("interrupted"), common.json);
  if (!workspace->ok()) return workspace->status();
  const Examination all = examine(***workspace, stop);
  Outcome outcome = report(all.findings, common.json);
  if (stop.stop_requested()) outcome = cancelled("interrupted");
  if (all.left_behind) end_at_once(outcome, common.json);
  return outcome;
}

}  // namespace

void add_doctor(CommandLine& line) {
  line.add(
      {.name = "doctor",
       .summary = "Tries everything that the project needs and says how to mend it",
       .details =
           {"Folders and disk space, memory, time zone, connections to brokers, and each "
            "pipeline's source, Kafka sinks and schema registries, all at the same time; what does "
            "not answer within 12 s is wrong. A source is tried from where the pipeline's "
            "checkpoint has come to: what would end the next run, such as records that were "
            "deleted before they were read, is wrong. Nothing is written."},
       .examples = {"lakeward doctor"}},
      doctor);
}

}  // namespace lakeward::cli
