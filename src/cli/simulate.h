// Test data on the command line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/command.h"
#include "connectors/simulator/generators.h"

namespace lakeward::cli {

struct SimulateOptions {
  std::string name;
  std::optional<double> rate;
  std::optional<uint64_t> count;
  std::optional<uint64_t> seed;
  std::optional<double> invalid;
  std::string start;
  std::optional<Duration> step;
  std::string to;
  std::string serve;
  std::string brokers;
  std::string connection;
};

// Where lines go.
class LineTarget {
 public:
  virtual ~LineTarget() = default;
  virtual Status write(const std::string& lines) = 0;
  virtual Status finish() { return ok_status(); }
};

// What `--to` begins with if a topic follows.
inline constexpr std::string_view kKafkaPrefix = "kafka:";
// Each line is a record of the topic; its key is its device, if `generator` knows one.
// Brokers that do not answer are waited for until `stop`. Errors: InvalidArgument if the brokers
// are not named; those of kafka::Publisher.
Result<std::unique_ptr<LineTarget>> open_kafka_target(
    const SimulateOptions& options, const Common& common,
    const connectors::simulator::Generator& generator, std::stop_token stop);

// Answers HTTP until stopped: each record is made for the request that asks for it, at its time.
// Errors: InvalidArgument (not HOST:PORT, unknown name), IoError (the address cannot be used).
Status serve_records(const SimulateOptions& options, const Common& common, const Clock& clock,
                     std::stop_token stop);

}  // namespace lakeward::cli
