#include "connectors/schema_registry/client.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "format/base64.h"

namespace lakeward::connectors::schema_registry {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kLargestAnswer = 16ULL << 20;
constexpr int kMaxReferenceDepth = 16;
constexpr size_t kMostReferences = 1'000;
constexpr const char* kMediaType = "application/vnd.schemaregistry.v1+json";

// What the registry says there is not: a subject, a version, a schema.
constexpr int kNotFoundCodes[] = {40401, 40402, 40403};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// A subject as a segment of a path.
std::string encode_segment(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    if (plain || kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Client::Client(RegistryOptions options, Waits waits)
    : options_(std::move(options)),
      name_("the schema registry " + without_slash(io::without_secrets(options_.url))),
      is_aloud_(waits == Waits::kAloud) {}

Result<std::string> Client::ask(const std::string& method, const std::string& path,
                                const std::string& body) {
  io::HttpRequest request;
  request.method = method;
  request.body = body;
  request.url = without_slash(options_.url) + path;
  request.headers = {{"Accept", std::string(kMediaType) + ", application/json"}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", kMediaType);
  request.timeout = options_.timeout;
  request.connect_timeout = std::min(request.connect_timeout, options_.timeout);
  request.max_response_bytes = kLargestAnswer;
  request.tls_ca = options_.tls_ca;
  request.tls_certificate = options_.tls_certificate;
  request.tls_key = options_.tls_key;
  if (!options_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.token.expose());
  } else if (!options_.user.empty()) {
    const SecretString login(
        format::encode_base64(options_.user + ":" + options_.password.expose()));
    request.headers.emplace_back("Authorization", "Basic " + login.expose());
  }
  Result<io::HttpResponse> response = [&] {
    const std::lock_guard lock(mutex_);
    if (is_aloud_ && !has_said_) {
      request.on_wait = [this, seconds = request.patience.count() / 1'000'000] {
        spdlog::warn("{} has not answered for {} s; waiting for it", name_, seconds);
        has_said_ = true;
      };
    }
    auto answer = http_.send(request);
    if (answer.ok()) has_said_ = false;
    return answer;
  }();
  if (!response.ok()) return response.status().with_context(name_);
  if (response->status != 200) return refuse(*response);
  return std::move(response->body);
}

Status Client::refuse(const io::HttpResponse& response) const {
  const Json json = Json::parse(response.body, nullptr, false);
  int code = 0;
  std::string said;
  if (json.is_object()) {
    said = text_of(json, "message");
    if (json.contains("error_code") && json["error_code"].is_number_integer()) {
      code = json["error_code"].get<int>();
    }
  }
  const std::string message = name_ + " answered " + std::to_string(response.status) +
                              (said.empty() ? "" : ": " + mask_secrets(said).substr(0, 300));
  if (response.status == 404 && std::find(std::begin(kNotFoundCodes), std::end(kNotFoundCodes),
                                          code) != std::end(kNotFoundCodes)) {
    return not_found(message);
  }
  if (response.status == 409) {
    return invalid_argument(
        message +
        "; the schema does not fit the versions before it: keep their columns and types, choose "
        "another 'subject', or let the registry allow it (the subject's compatibility level)");
  }
  if (response.status == 422) return invalid_argument(message);
  if (response.status == 408 || response.status == 429 || response.status >= 500) {
    return unavailable(message);
  }
  if (response.status == 401 || response.status == 403) {
    return invalid_argument(message + "; correct 'user' and 'password', or 'token'");
  }
  return invalid_argument(message + "; is 'url' that of a schema registry, with its path?");
}

Result<format::RegisteredSchema> Client::schema(uint32_t id) {
  ASSIGN_OR_RETURN(const std::string text, get("/schemas/ids/" + std::to_string(id)));
  return parse_schema(text);
}

Result<uint32_t> Client::schema_id(const std::string& subject,
                                   const format::RegisteredSchema& schema, bool create) {
  const std::string path = "/subjects/" + encode_segment(subject);
  Json body{{"schema", schema.text}};
  if (schema.type != "AVRO") body["schemaType"] = schema.type;  // the default
  ASSIGN_OR_RETURN(const std::string text,
                   ask("POST", create ? path + "/versions" : path, body.dump()));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("id") || !json["id"].is_number_unsigned()) {
    return invalid_argument(name_ + " did not answer with a schema's id; is 'url' right?");
  }
  return json["id"].get<uint32_t>();
}

Result<SubjectVersion> Client::version(const std::string& subject, const std::string& version) {
  ASSIGN_OR_RETURN(const std::string text,
                   get("/subjects/" + encode_segment(subject) + "/versions/" + version));
  const Json json = Json::parse(text, nullptr, false);
  SubjectVersion result;
  if (!json.is_object() || !json.contains("id") || !json["id"].is_number_unsigned() ||
      !json.contains("version") || !json["version"].is_number_integer()) {
    return invalid_argument(name_ +
                            " did not answer with a version of the subject; is 'url' right?");
  }
  result.id = json["id"].get<uint32_t>();
  result.version = json["version"].get<int64_t>();
  ASSIGN_OR_RETURN(result.schema, parse_schema(text));
  return result;
}

Result<format::RegisteredSchema> Client::parse_schema(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("schema") || !json["schema"].is_string()) {
    return invalid_argument(name_ + " did not answer with a schema; is 'url' right?");
  }
  format::RegisteredSchema schema;
  schema.type = text_of(json, "schemaType");
  if (schema.type.empty()) schema.type = "AVRO";  // left out where it is
  schema.text = json["schema"].get<std::string>();
  RETURN_IF_ERROR(add_references(text, 0, schema));
  return schema;
}

// What the schema in `text` refers to, depth first, each once.
Status Client::add_references(const std::string& text, int depth,
                              format::RegisteredSchema& schema) {
  const Json json = Json::parse(text, nullptr, false);
  const auto references = json.find("references");
  if (references == json.end() || !references->is_array()) return ok_status();
  for (const Json& reference : *references) {
    if (!reference.is_object() || depth == kMaxReferenceDepth ||
        schema.references.size() == kMostReferences) {
      return invalid_argument(name_ + " answered with references that cannot be followed");
    }
    const auto version = reference.find("version");
    if (version == reference.end() || !version->is_number_integer()) {
      return invalid_argument(name_ + " answered with a reference without a version");
    }
    ASSIGN_OR_RETURN(const std::string referred,
                     get("/subjects/" + encode_segment(text_of(reference, "subject")) +
                         "/versions/" + std::to_string(version->get<int64_t>())));
    RETURN_IF_ERROR(add_references(referred, depth + 1, schema));
    const Json parsed = Json::parse(referred, nullptr, false);
    if (!parsed.is_object()) return invalid_argument(name_ + " did not answer with a schema");
    std::string referred_text = text_of(parsed, "schema");
    if (std::find(schema.references.begin(), schema.references.end(), referred_text) ==
        schema.references.end()) {
      schema.references.push_back(std::move(referred_text));
    }
  }
  return ok_status();
}

}  // namespace lakeward::connectors::schema_registry
