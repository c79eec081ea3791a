#include "connectors/kafka/fetch/group_api.h"

#include <limits>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr int32_t kNoGeneration = -1;
constexpr int64_t kBrokersRetention = -1;

WireWriter begin(const GroupApi& api, const GroupRequest& request) {
  WireWriter writer;
  writer.number(api.number);
  writer.number(request.version);
  writer.number(request.correlation);
  writer.text(request.client_id);
  return writer;
}

Status unreadable(const GroupApi& api) {
  return unavailable(std::string("a broker's answer to ") + api.name + " cannot be read");
}

void skip_bytes(WireReader& reader) {
  const auto size = reader.number<int32_t>();
  if (size > 0) reader.bytes(static_cast<size_t>(size));
}

// Where the first partition of the next topic is.
Offsets::const_iterator end_of_topic(const Offsets& offsets, Offsets::const_iterator from) {
  return offsets.upper_bound({from->first.topic, std::numeric_limits<int32_t>::max()});
}

}  // namespace

std::string find_coordinator_request(const GroupRequest& request) {
  constexpr int8_t kOfGroup = 0;
  WireWriter writer = begin(kFindCoordinator, request);
  writer.text(request.group);
  if (request.version >= 1) writer.number(kOfGroup);
  return writer.framed();
}

Result<FoundCoordinator> parse_find_coordinator_response(std::string_view answer,
                                                         const GroupRequest& request) {
  WireReader reader(answer);
  const auto correlation = reader.number<int32_t>();
  if (request.version >= 1) reader.number<int32_t>();  // throttle time
  FoundCoordinator found;
  found.error = reader.number<int16_t>();
  if (request.version >= 1) reader.text();  // message
  reader.number<int32_t>();                 // node
  found.address.host = reader.text();
  found.address.port = reader.number<int32_t>();
  const bool somewhere =
      !found.address.host.empty() && found.address.port > 0 && found.address.port <= UINT16_MAX;
  if (!reader.ok() || correlation != request.correlation || (found.error == 0 && !somewhere)) {
    return unreadable(kFindCoordinator);
  }
  return found;
}

std::string offset_commit_request(const GroupRequest& request, const Offsets& offsets) {
  WireWriter writer = begin(kOffsetCommit, request);
  writer.text(request.group);
  writer.number(kNoGeneration);
  writer.text("");  // no member
  writer.number(kBrokersRetention);
  int32_t topics = 0;
  for (auto i = offsets.begin(); i != offsets.end(); i = end_of_topic(offsets, i)) ++topics;
  writer.number(topics);
  for (auto i = offsets.begin(); i != offsets.end();) {
    const auto end = end_of_topic(offsets, i);
    writer.text(i->first.topic);
    writer.number(static_cast<int32_t>(std::distance(i, end)));
    for (; i != end; ++i) {
      writer.number(i->first.partition);
      writer.number(i->second);
      writer.text("");  // metadata
    }
  }
  return writer.framed();
}

Result<CommitErrors> parse_offset_commit_response(std::string_view answer,
                                                  const GroupRequest& request) {
  WireReader reader(answer);
  const auto correlation = reader.number<int32_t>();
  if (request.version >= 3) reader.number<int32_t>();  // throttle time
  CommitErrors errors;
  const int32_t topics = reader.count(6);
  for (int32_t t = 0; t < topics && reader.ok(); ++t) {
    const std::string topic(reader.text());
    const int32_t partitions = reader.count(6);
    for (int32_t i = 0; i < partitions; ++i) {
      const auto partition = reader.number<int32_t>();
      errors.push_back({{topic, partition}, reader.number<int16_t>()});
    }
  }
  if (!reader.ok() || correlation != request.correlation) return unreadable(kOffsetCommit);
  return errors;
}

std::string describe_group_request(const GroupRequest& request) {
  WireWriter writer = begin(kDescribeGroups, request);
  writer.number(int32_t{1});
  writer.text(request.group);
  writer.number(int8_t{1});  // with the operations that are allowed
  return writer.framed();
}

Result<DescribedGroup> parse_describe_group_response(std::string_view answer,
                                                     const GroupRequest& request) {
  WireReader reader(answer);
  const auto correlation = reader.number<int32_t>();
  reader.number<int32_t>();  // throttle time
  const int32_t groups = reader.count(18);
  DescribedGroup described;
  described.error = reader.number<int16_t>();
  const std::string_view name = reader.text();
  for (int i = 0; i < 3; ++i) reader.text();  // state, type and data of its protocol
  const int32_t members = reader.count(14);
  for (int32_t i = 0; i < members && reader.ok(); ++i) {
    for (int text = 0; text < 3; ++text) reader.text();  // its id, its client's, its host
    skip_bytes(reader);                                  // metadata
    skip_bytes(reader);                                  // assignment
  }
  described.operations = reader.number<int32_t>();
  if (!reader.ok() || correlation != request.correlation || groups != 1 || name != request.group) {
    return unreadable(kDescribeGroups);
  }
  return described;
}

}  // namespace lakeward::connectors::kafka::fetch
