#include "service/reader_schemas.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "connectors/schema_registry/client.h"
#include "project/decode_reader.h"
#include "service/pipeline_builder.h"

namespace lakeward::service {
namespace {

using Json = nlohmann::ordered_json;
using connectors::schema_registry::Client;
using connectors::schema_registry::RegistryOptions;
using project::AvroSettings;
// What registries said that cannot tell now, or why they said nothing, by URL: each is asked, and
// waited for, once, however many pipelines name it.
using Away = std::map<std::string, Status>;

std::string path_of(const project::Pipeline& pipeline) {
  return checkpoint_folder(pipeline) + "/_lakeward/reader_schema.json";
}

std::string print(const AvroSettings& avro) {
  Json json{{"subject", avro.subject},
            {"version", avro.resolved_version},
            {"schema", avro.reader_schema.value_or("")},
            {"references", avro.reader_references}};
  return json.dump() + "\n";
}

// Takes what an earlier run has kept, if it is of the same subject and of the version asked for.
bool take_kept(const std::string& text, AvroSettings& avro) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("schema") || !json["schema"].is_string()) return false;
  if (json.value("subject", "") != avro.subject) return false;
  const int64_t version = json.value("version", int64_t{0});
  if (avro.version != "latest" && avro.version != std::to_string(version)) return false;
  avro.resolved_version = version;
  avro.reader_schema = json["schema"].get<std::string>();
  avro.reader_references.clear();
  if (json.contains("references")) {
    for (const Json& reference : json["references"]) {
      avro.reader_references.push_back(reference.is_string() ? reference.get<std::string>() : "");
    }
  }
  return true;
}

Status ask(const RegistryOptions& registry, AvroSettings& avro, Client::Waits waits) {
  Client client(registry, waits);
  ASSIGN_OR_RETURN(auto found, client.version(avro.subject, avro.version));
  if (found.schema.type != "AVRO") {
    return invalid_argument("it is not an Avro schema but " + found.schema.type);
  }
  avro.resolved_version = found.version;
  avro.reader_schema = std::move(found.schema.text);
  avro.reader_references = std::move(found.schema.references);
  return ok_status();
}

bool names_subject(const project::Pipeline& pipeline) {
  return pipeline.decode && !pipeline.decode->avro.subject.empty();
}

Status resolve(project::Pipeline& pipeline, io::ObjectStore& checkpoints, Away& away,
               Client::Waits waits) {
  if (!names_subject(pipeline)) return ok_status();
  project::Decode& decode = *pipeline.decode;
  const std::string subject = "the subject '" + decode.avro.subject + "'";
  const Result<std::string> kept = checkpoints.get(path_of(pipeline));
  if (!kept.ok() && kept.status().code() != StatusCode::kNotFound) return kept.status();
  if (!kept.ok() || !take_kept(*kept, decode.avro)) {
    const auto known = away.find(decode.registry->url);
    const Status asked =
        known != away.end() ? known->second : ask(*decode.registry, decode.avro, waits);
    if (asked.retriable()) {
      away.emplace(decode.registry->url,
                   unavailable(asked.message() + " (asked for " + subject + " a moment ago)"));
      return asked.with_context(subject + ", whose schema is asked for before the first run");
    }
    if (asked.code() == StatusCode::kNotFound) {
      return not_found(subject + ": " + asked.message() +
                       "; register its schema, or correct 'subject' or 'version'");
    }
    if (!asked.ok()) return asked.with_context(subject);
  }
  decode.avro.unresolved.clear();
  const auto format = project::make_format(decode, /*utc=*/true);
  if (!format.ok()) return format.status().with_context(subject);
  decode.columns = (*format)->declared();
  return ok_status();
}

}  // namespace

Status resolve_reader_schema(project::Pipeline& pipeline, io::ObjectStore& checkpoints) {
  Away nobody;
  // Who asks again says by itself what is waited for.
  return resolve(pipeline, checkpoints, nobody, Client::Waits::kSilently);
}

Status resolve_reader_schemas(project::Project& project, io::ObjectStore& checkpoints,
                              config::Problems* problems) {
  Away away;
  for (project::Pipeline& pipeline : project.pipelines) {
    const Status resolved = resolve(pipeline, checkpoints, away, Client::Waits::kAloud);
    if (resolved.ok()) continue;
    const bool is_problem =
        resolved.code() == StatusCode::kInvalidArgument || resolved.code() == StatusCode::kNotFound;
    if (is_problem && problems != nullptr) {
      problems->push_back({pipeline.decode->location, resolved.message()});
    } else if (is_problem || resolved.code() == StatusCode::kUnavailable) {
      pipeline.decode->avro.unresolved = resolved.message();
      pipeline.decode->avro.awaits_registry = resolved.retriable();
    } else {
      return resolved.with_context("pipeline '" + pipeline.name + "'");
    }
  }
  return ok_status();
}

Status check_reader_schemas(const project::Project& project) {
  for (const project::Pipeline& pipeline : project.pipelines) {
    if (!pipeline.decode || pipeline.decode->avro.unresolved.empty()) continue;
    return unavailable("pipeline '" + pipeline.name + "': " + pipeline.decode->avro.unresolved);
  }
  return ok_status();
}

Status keep_reader_schema(const project::Pipeline& pipeline, io::ObjectStore& checkpoints) {
  if (!names_subject(pipeline)) return ok_status();
  const std::string wanted = print(pipeline.decode->avro);
  const Result<std::string> kept = checkpoints.get(path_of(pipeline));
  if (kept.ok() && *kept == wanted) return ok_status();
  return checkpoints.put(path_of(pipeline), wanted);
}

}  // namespace lakeward::service
