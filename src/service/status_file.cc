#include "service/status_file.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/secret.h"
#include "base/units.h"
#include "stream/accounting_json.h"

namespace lakeward::service {
namespace {

using Json = nlohmann::ordered_json;

std::string path_in(const std::string& folder) { return folder + "/_lakeward/status.json"; }

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

std::optional<Timestamp> time_of(const Json& object, const char* key) {
  if (!object.contains(key) || !object[key].is_string()) return std::nullopt;
  const Result<Timestamp> time = parse_timestamp(object[key].get<std::string>());
  return time.ok() ? std::optional<Timestamp>(*time) : std::nullopt;
}

Result<StatusFile> parse(const std::string& text) {
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return corruption("it is not a JSON object");
  StatusFile status;
  status.state = object.value("state", "");
  status.pid = object.value("pid", int64_t{0});
  status.host = object.value("host", "");
  status.updated = time_of(object, "updated").value_or(Timestamp());
  if (object.contains("epoch")) status.epoch = object["epoch"].get<int64_t>();
  status.epochs = object.value("epochs", uint64_t{0});
  if (object.contains("total")) {
    ASSIGN_OR_RETURN(status.total, stream::accounting_from_json(object["total"].dump()));
  }
  status.rows_per_second = object.value("rows_per_second", 0.0);
  status.position = object.value("position", "");
  status.last_error = object.value("last_error", "");
  status.last_error_time = time_of(object, "last_error_time");
  status.problem = object.value("problem", "");
  return status;
}

}  // namespace

bool StatusFile::is_alive() const {
  if (state == "stopped" || state == "failed" || host != host_name()) return false;
  return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

std::string print_status(const PipelineReport& report) {
  const stream::PipelineStatus& status = report.status;
  Json object{{"state", stream::to_string(status.state)}, {"pid", getpid()}, {"host", host_name()}};
  if (status.last_epoch) object["epoch"] = status.last_epoch->id;
  object["epochs"] = status.epochs;
  object["total"] = Json::parse(stream::accounting_to_json(status.total));
  const double seconds = static_cast<double>(report.busy.count()) / 1e6;
  object["rows_per_second"] = seconds > 0 ? static_cast<double>(status.total.read) / seconds : 0.0;
  object["position"] = mask_secrets(status.position);
  object["last_error"] = mask_secrets(status.last_error);
  if (status.last_error_time) object["last_error_time"] = format_timestamp(*status.last_error_time);
  if (!status.problem.empty()) object["problem"] = mask_secrets(status.problem);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status write_status(io::ObjectStore& checkpoints, const std::string& folder,
                    const std::string& printed, Timestamp now) {
  const std::string text = "{\"updated\":\"" + format_timestamp(now) + "\"," + printed.substr(1);
  return checkpoints.put(path_in(folder), text);
}

Result<std::optional<StatusFile>> read_status(io::ObjectStore& checkpoints,
                                              const std::string& folder) {
  const Result<std::string> text = checkpoints.get(path_in(folder));
  if (!text.ok()) {
    if (text.status().code() == StatusCode::kNotFound) return std::optional<StatusFile>();
    return text.status();
  }
  try {
    Result<StatusFile> status = parse(*text);
    if (!status.ok()) return status.status().with_context(path_in(folder));
    return std::optional<StatusFile>(std::move(*status));
  } catch (const nlohmann::json::exception& error) {
    return corruption(path_in(folder) + ": " + error.what());
  }
}

}  // namespace lakeward::service
