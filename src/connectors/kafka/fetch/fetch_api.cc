#include "connectors/kafka/fetch/fetch_api.h"

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr int32_t kConsumer = -1;

FetchedPartition parse_partition(WireReader& reader, std::string_view topic) {
  FetchedPartition fetched;
  fetched.partition = {std::string(topic), reader.number<int32_t>()};
  fetched.error = reader.number<int16_t>();
  reader.number<int64_t>();  // high watermark
  reader.number<int64_t>();  // last stable offset
  const int32_t aborted = reader.count(16);
  for (int32_t i = 0; i < aborted; ++i) {
    AbortedTransaction transaction;
    transaction.producer = reader.number<int64_t>();
    transaction.first_offset = reader.number<int64_t>();
    fetched.aborted.push_back(transaction);
  }
  const auto size = reader.number<int32_t>();
  if (size > 0) fetched.records = reader.bytes(static_cast<size_t>(size));
  return fetched;
}

}  // namespace

std::string fetch_request(int32_t correlation, std::string_view client_id,
                          const std::vector<FetchPosition>& positions,
                          const FetchOptions& options) {
  WireWriter request;
  request.number(kFetchApi);
  request.number(kFetchVersion);
  request.number(correlation);
  request.text(client_id);
  request.number(kConsumer);
  request.number(options.wait_ms);
  request.number(int32_t{1});  // bytes at least
  request.number(options.bytes);
  request.number(static_cast<int8_t>(options.read_committed ? 1 : 0));
  int32_t topics = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (i == 0 || positions[i].partition.topic != positions[i - 1].partition.topic) ++topics;
  }
  request.number(topics);
  for (size_t i = 0; i < positions.size();) {
    size_t end = i;
    while (end < positions.size() &&
           positions[end].partition.topic == positions[i].partition.topic) {
      ++end;
    }
    request.text(positions[i].partition.topic);
    request.number(static_cast<int32_t>(end - i));
    for (; i < end; ++i) {
      request.number(positions[i].partition.partition);
      request.number(positions[i].offset);
      request.number(options.partition_bytes);
    }
  }
  return request.framed();
}

Result<std::vector<FetchedPartition>> parse_fetch_response(std::string_view answer,
                                                           int32_t correlation) {
  WireReader reader(answer);
  const auto answered = reader.number<int32_t>();
  reader.number<int32_t>();  // throttle time: for so long, a broker answers no more (KIP-219)
  std::vector<FetchedPartition> partitions;
  const int32_t topics = reader.count(6);
  for (int32_t t = 0; t < topics; ++t) {
    const std::string_view topic = reader.text();
    const int32_t count = reader.count(30);
    for (int32_t i = 0; i < count && reader.ok(); ++i) {
      partitions.push_back(parse_partition(reader, topic));
    }
  }
  if (!reader.ok() || answered != correlation) {
    return unavailable("kafka: a broker's answer to Fetch cannot be read");
  }
  return partitions;
}

}  // namespace lakeward::connectors::kafka::fetch
