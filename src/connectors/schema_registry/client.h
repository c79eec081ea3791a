// A client of a schema registry with Confluent's REST interface.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "connectors/schema_registry/options.h"
#include "format/schema_source.h"
#include "io/http_client.h"

namespace lakeward::connectors::schema_registry {

// A version of a subject.
struct SubjectVersion {
  uint32_t id = 0;
  int64_t version = 0;
  format::RegisteredSchema schema;
};

// Thread-safe: one request at a time. Errors, besides those named: Unavailable if it cannot be
// reached or has passing trouble; InvalidArgument if it does not let us in, or is no schema
// registry; IoError if its certificate is not trusted.
class Client final : public format::SchemaSource, public format::SchemaRegistrar {
 public:
  enum class Waits { kAloud, kSilently };
  // Aloud: a warning says that it has not answered for some seconds; no other before it has.
  explicit Client(RegistryOptions options, Waits waits = Waits::kAloud);

  // NotFound.
  Result<format::RegisteredSchema> schema(uint32_t id) override;
  // Of both.
  const std::string& name() const override { return name_; }

  Status reach() override { return get("/subjects").status(); }

  // NotFound if `create` is false; InvalidArgument, with the mend, if the subject's compatibility
  // forbids it.
  Result<uint32_t> schema_id(const std::string& subject, const format::RegisteredSchema& schema,
                             bool create) override;

  // `version` is a number, or "latest". NotFound.
  Result<SubjectVersion> version(const std::string& subject, const std::string& version);

 private:
  // The JSON text of the answer.
  Result<std::string> get(const std::string& path) { return ask("GET", path, ""); }
  Result<std::string> ask(const std::string& method, const std::string& path,
                          const std::string& body);
  Status refuse(const io::HttpResponse& response) const;
  Result<format::RegisteredSchema> parse_schema(const std::string& text);
  Status add_references(const std::string& text, int depth, format::RegisteredSchema& schema);

  const RegistryOptions options_;
  const std::string name_;
  const bool is_aloud_;
  std::mutex mutex_;  // guards what follows
  io::HttpClient http_;
  bool has_said_ = false;  // that it does not answer, since it did
};

}  // namespace lakeward::connectors::schema_registry
