#include "connectors/kafka/fetch/fetch_api.h"

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr int32_t kConsumer = -1;
// Of a fetch that stands alone (KIP-227).
constexpr int32_t kNoSession = 0;
constexpr int32_t kNoSessionEpoch = -1;
// Of whoever knows neither epochs nor where the log begins.
constexpr int32_t kNoEpoch = -1;
constexpr int64_t kNoLogStart = -1;

// Positions [from, to) of one topic.
struct Group {
  size_t from = 0;
  size_t to = 0;
};

std::vector<Group> by_topic(const std::vector<FetchPosition>& positions) {
  std::vector<Group> groups;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (i == 0 || positions[i].partition.topic != positions[i - 1].partition.topic) {
      groups.push_back({i, i});
    }
    groups.back().to = i + 1;
  }
  return groups;
}

void write_by_name(WireWriter& request, const std::vector<FetchPosition>& positions,
                   int32_t partition_bytes) {
  const std::vector<Group> groups = by_topic(positions);
  request.number(static_cast<int32_t>(groups.size()));
  for (const Group& group : groups) {
    request.text(positions[group.from].partition.topic);
    request.number(static_cast<int32_t>(group.to - group.from));
    for (size_t i = group.from; i < group.to; ++i) {
      request.number(positions[i].partition.partition);
      request.number(positions[i].offset);
      request.number(partition_bytes);
    }
  }
}

void write_by_id(WireWriter& request, const std::vector<FetchPosition>& positions,
                 int32_t partition_bytes, const TopicIds& ids) {
  const std::vector<Group> groups = by_topic(positions);
  request.number(kNoSession);
  request.number(kNoSessionEpoch);
  request.compact_count(groups.size());
  for (const Group& group : groups) {
    request.bytes(*ids.id_of(positions[group.from].partition.topic));
    request.compact_count(group.to - group.from);
    for (size_t i = group.from; i < group.to; ++i) {
      request.number(positions[i].partition.partition);
      request.number(kNoEpoch);  // the leader's
      request.number(positions[i].offset);
      request.number(kNoEpoch);  // of what was fetched last
      request.number(kNoLogStart);
      request.number(partition_bytes);
      request.no_tags();
    }
    request.no_tags();
  }
  request.compact_count(0);  // topics to be forgotten by the session
  request.compact_count(0);  // the rack, as a text
  request.no_tags();
}

AbortedTransaction parse_aborted(WireReader& reader) {
  AbortedTransaction transaction;
  transaction.producer = reader.number<int64_t>();
  transaction.first_offset = reader.number<int64_t>();
  return transaction;
}

FetchedPartition parse_partition(WireReader& reader, std::string_view topic, bool by_id) {
  FetchedPartition fetched;
  fetched.partition = {std::string(topic), reader.number<int32_t>()};
  fetched.error = reader.number<int16_t>();
  reader.number<int64_t>();             // high watermark
  reader.number<int64_t>();             // last stable offset
  if (by_id) reader.number<int64_t>();  // where the log begins
  const int32_t aborted = by_id ? reader.compact_count(17) : reader.count(16);
  for (int32_t i = 0; i < aborted; ++i) {
    fetched.aborted.push_back(parse_aborted(reader));
    if (by_id) reader.skip_tags();
  }
  fetched.has_preferred_replica = by_id && reader.number<int32_t>() >= 0;
  const int32_t size = by_id ? reader.compact_count(1) : reader.number<int32_t>();
  if (size > 0) fetched.records = reader.bytes(static_cast<size_t>(size));
  if (by_id) reader.skip_tags();
  return fetched;
}

std::vector<FetchedPartition> parse_by_name(WireReader& reader) {
  std::vector<FetchedPartition> partitions;
  const int32_t topics = reader.count(6);
  for (int32_t t = 0; t < topics; ++t) {
    const std::string_view topic = reader.text();
    const int32_t count = reader.count(30);
    for (int32_t i = 0; i < count && reader.ok(); ++i) {
      partitions.push_back(parse_partition(reader, topic, false));
    }
  }
  return partitions;
}

std::vector<FetchedPartition> parse_by_id(WireReader& reader, const TopicIds& ids) {
  std::vector<FetchedPartition> partitions;
  const int32_t topics = reader.compact_count(kTopicIdBytes + 2);
  for (int32_t t = 0; t < topics && reader.ok(); ++t) {
    const std::string* const name = ids.name_of(reader.bytes(kTopicIdBytes));
    const int32_t count = reader.compact_count(37);
    for (int32_t i = 0; i < count && reader.ok(); ++i) {
      FetchedPartition fetched = parse_partition(reader, name == nullptr ? "" : *name, true);
      if (name != nullptr) partitions.push_back(std::move(fetched));
    }
    reader.skip_tags();
  }
  reader.skip_tags();
  return partitions;
}

}  // namespace

std::string fetch_request(int32_t correlation, std::string_view client_id,
                          const std::vector<FetchPosition>& positions, const FetchOptions& options,
                          const TopicIds* ids) {
  WireWriter request;
  request.number(kFetchApi);
  request.number(ids == nullptr ? kFetchVersion : kFetchByIdVersion);
  request.number(correlation);
  request.text(client_id);
  if (ids != nullptr) request.no_tags();
  request.number(kConsumer);
  request.number(options.wait_ms);
  request.number(int32_t{1});  // bytes at least
  request.number(options.bytes);
  request.number(static_cast<int8_t>(options.read_committed ? 1 : 0));
  if (ids == nullptr) {
    write_by_name(request, positions, options.partition_bytes);
  } else {
    write_by_id(request, positions, options.partition_bytes, *ids);
  }
  return request.framed();
}

Result<std::vector<FetchedPartition>> parse_fetch_response(std::string_view answer,
                                                           int32_t correlation,
                                                           const TopicIds* ids) {
  WireReader reader(answer);
  const auto answered = reader.number<int32_t>();
  if (ids != nullptr) reader.skip_tags();
  reader.number<int32_t>();  // throttle time: for so long, a broker answers no more (KIP-219)
  const auto error = ids == nullptr ? int16_t{0} : reader.number<int16_t>();
  if (ids != nullptr) reader.number<int32_t>();  // session
  if (reader.ok() && answered == correlation && error != 0) {
    return unavailable("kafka: a broker refused a Fetch with error " + std::to_string(error));
  }
  std::vector<FetchedPartition> partitions =
      ids == nullptr ? parse_by_name(reader) : parse_by_id(reader, *ids);
  if (!reader.ok() || answered != correlation) {
    return unavailable("kafka: a broker's answer to Fetch cannot be read");
  }
  return partitions;
}

}  // namespace lakeward::connectors::kafka::fetch
