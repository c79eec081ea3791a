// A registry in memory that schemas are read from, and records that name them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "format/registry_header.h"
#include "format/schema_source.h"

namespace lakeward::format {

// Can be away, and counts how often it is asked.
class MemorySource final : public SchemaSource {
 public:
  Result<RegisteredSchema> schema(uint32_t id) override {
    ++asked[id];
    if (away) return unavailable("the registry is away");
    const auto found = schemas.find(id);
    if (found == schemas.end()) return not_found("no schema " + std::to_string(id));
    return found->second;
  }
  const std::string& name() const override { return name_; }

  std::map<uint32_t, RegisteredSchema> schemas;
  std::map<uint32_t, int> asked;
  bool away = false;

 private:
  std::string name_ = "the test's registry";
};

inline std::string framed(uint32_t id, const std::string& bytes) {
  return registry_header(id) + bytes;
}

}  // namespace lakeward::format
