// Where the schemas come from that records name by a number, and where they get it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace lakeward::format {

struct RegisteredSchema {
  std::string type;  // "AVRO", "JSON", "PROTOBUF"
  std::string text;
  // The schemas that it refers to, each after those that it refers to itself.
  std::vector<std::string> references = {};
};

// Thread-safe. A number stands for the same schema for ever.
class SchemaSource {
 public:
  virtual ~SchemaSource() = default;
  // Errors: NotFound: there is no such schema (yet); Unavailable: it cannot be asked now;
  // InvalidArgument: it refuses to answer us.
  virtual Result<RegisteredSchema> schema(uint32_t id) = 0;
  // For messages: "the schema registry http://localhost:8081".
  virtual const std::string& name() const = 0;
};

// Where schemas get the number by which records name them. Thread-safe.
class SchemaRegistrar {
 public:
  virtual ~SchemaRegistrar() = default;
  // The number of a schema, which refers to no other, in a subject. If `create`, the subject is
  // made, or gets it as a new version, where it does not have it. Errors: NotFound without
  // `create`; InvalidArgument if the registry refuses it (it is not compatible with the versions
  // before); Unavailable.
  virtual Result<uint32_t> schema_id(const std::string& subject, const RegisteredSchema& schema,
                                     bool create) = 0;
  // Whether it answers, and lets us in. Errors: as schema_id().
  virtual Status reach() = 0;
  // For messages, as SchemaSource's.
  virtual const std::string& name() const = 0;
};

}  // namespace lakeward::format
