// The requests of the Kafka protocol about a consumer group that nobody is a member of: who
// coordinates it, storing offsets, and what this user may do with it. Of each, the oldest versions
// that brokers have kept (KIP-896), which all since 0.11 and Azure Event Hubs understand.
// Kafka protocol guide, "FindCoordinator API (Key: 10)", "OffsetCommit API (Key: 8)",
// "DescribeGroups API (Key: 15)".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka::fetch {

// A request, and the versions of it that are spoken here, the preferred one first.
struct GroupApi {
  int16_t number = 0;
  const char* name = "";
  std::array<int16_t, 2> versions{};
};
inline constexpr GroupApi kFindCoordinator{10, "FindCoordinator", {0, 1}};
inline constexpr GroupApi kOffsetCommit{8, "OffsetCommit", {2, 3}};
// The first that tells permissions (KIP-430).
inline constexpr GroupApi kDescribeGroups{15, "DescribeGroups", {3, 3}};

struct GroupRequest {
  int16_t version = 0;
  int32_t correlation = 0;
  std::string client_id;
  std::string group;  // 32,767 bytes at most, as all texts of the protocol
};

// With their size in front, ready to be sent.
std::string find_coordinator_request(const GroupRequest& request);
// By nobody's generation, kept for as long as the brokers keep offsets.
std::string offset_commit_request(const GroupRequest& request, const Offsets& offsets);
std::string describe_group_request(const GroupRequest& request);

// Errors are numbered as librdkafka's. What is parsed is without its size, and nobody has checked
// it. Errors: Unavailable if it is not the answer to the request.

struct FoundCoordinator {
  int16_t error = 0;
  BrokerAddress address;  // if there is no error
};
Result<FoundCoordinator> parse_find_coordinator_response(std::string_view answer,
                                                         const GroupRequest& request);

// What became of each partition.
using CommitErrors = std::vector<std::pair<TopicPartition, int16_t>>;
Result<CommitErrors> parse_offset_commit_response(std::string_view answer,
                                                  const GroupRequest& request);

struct DescribedGroup {
  // The operations when the broker does not tell them.
  static constexpr int32_t kNotTold = INT32_MIN;
  static constexpr int32_t kRead = 1 << 3;

  int16_t error = 0;
  int32_t operations = kNotTold;  // a bit for each that this user may do
};
Result<DescribedGroup> parse_describe_group_response(std::string_view answer,
                                                     const GroupRequest& request);

}  // namespace lakeward::connectors::kafka::fetch
