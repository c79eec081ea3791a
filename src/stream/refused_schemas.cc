#include "stream/refused_schemas.h"

#include <nlohmann/json.hpp>
#include <string>

namespace lakeward::stream {
namespace {

using Json = nlohmann::json;

std::string file_of(int64_t epoch) { return "refused-schemas-" + std::to_string(epoch); }

}  // namespace

Status keep_refused_schemas(checkpoint::SourceLog& log, int64_t epoch,
                            const format::RefusedSchemas& refused) {
  return log.write_file(file_of(epoch), Json(refused).dump());
}

Result<std::optional<format::RefusedSchemas>> kept_refused_schemas(checkpoint::SourceLog& log,
                                                                   int64_t epoch) {
  const Result<std::string> text = log.read_file(file_of(epoch));
  if (text.status().code() == StatusCode::kNotFound) return {std::nullopt};
  RETURN_IF_ERROR(text.status());
  const Json json = Json::parse(*text, nullptr, false);
  const Status broken = corruption("the checkpoint's file " + file_of(epoch) +
                                   " is not a list of schemas' ids: " + text->substr(0, 100));
  if (!json.is_array()) return broken;
  format::RefusedSchemas refused;
  for (const Json& id : json) {
    if (!id.is_number_unsigned()) return broken;
    refused.push_back(id.get<uint32_t>());
  }
  return {std::move(refused)};
}

Status forget_refused_schemas(checkpoint::SourceLog& log, int64_t epoch) {
  const Status removed = log.remove_file(file_of(epoch));
  return removed.code() == StatusCode::kNotFound ? ok_status() : removed;
}

}  // namespace lakeward::stream
