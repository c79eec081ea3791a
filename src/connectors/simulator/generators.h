// Realistic test data: record k of a generator is a function of (name, seed, start, k) alone.
//
// Shared by the simulator source and the command `lakeward simulate`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "engine/schema.h"

namespace lakeward::connectors::simulator {

struct GeneratorOptions {
  uint64_t seed = 0;
  Timestamp start;      // of record 0
  Duration step{1000};  // simulated time between two records
  double invalid = 0;   // the share of records (0 … 1) that break a rule; see Defect
};

// What is wrong with an invalid record; each kind is as frequent as the others.
enum class Defect {
  kNone,
  kOutOfRange,    // a number beyond what is physically or by rule possible
  kNull,          // a field is null
  kMissing,       // a field is absent
  kWrongType,     // text in place of a number
  kBadTimestamp,  // a time that does not exist
  kMalformed,     // the JSON is cut short
};

// Thread-safe: write() changes nothing.
class Generator {
 public:
  virtual ~Generator() = default;

  // Writes record `k`, JSON without a line end, to `to`, which has room for kMaxRecordBytes.
  // Returns its end.
  virtual char* write(uint64_t k, char* to) const = 0;
  // The columns that a `decode: json` of these records would declare.
  virtual engine::Schema schema() const = 0;
  // The field that says which device a record is of; "" if there is none.
  virtual std::string_view device_field() const { return ""; }

  static constexpr size_t kMaxRecordBytes = 4096;
};

struct GeneratorInfo {
  std::string name;
  std::string doc;  // one sentence
};

// All there are: sensors, iot, bonds, events, users.
const std::vector<GeneratorInfo>& generators();

// Errors: InvalidArgument for an unknown name (with a suggestion) or a share outside 0 … 1.
Result<std::unique_ptr<Generator>> make_generator(std::string_view name,
                                                  const GeneratorOptions& options);

// The text of a record's field, without quotes; nullopt if the (maybe invalid) record does not have
// it. The generators write no escapes.
std::optional<std::string_view> field_text(std::string_view record, std::string_view field);

// What record `k` breaks, if anything.
Defect defect_of(const GeneratorOptions& options, uint64_t k);

}  // namespace lakeward::connectors::simulator
