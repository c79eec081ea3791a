#include "connectors/kafka/fetch/epoch_api.h"

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// Of whoever does not know which epoch is the current one.
constexpr int32_t kAnyCurrentEpoch = -1;

}  // namespace

std::string epoch_request(int32_t correlation, std::string_view client_id,
                          const std::vector<EpochQuestion>& questions) {
  WireWriter request;
  request.number(kEpochApi);
  request.number(kEpochVersion);
  request.number(correlation);
  request.text(client_id);
  request.number(static_cast<int32_t>(questions.size()));  // a topic may be named several times
  for (const EpochQuestion& question : questions) {
    request.text(question.partition.topic);
    request.number(int32_t{1});
    request.number(question.partition.partition);
    request.number(kAnyCurrentEpoch);
    request.number(question.epoch);
  }
  return request.framed();
}

Result<std::vector<EpochEnd>> parse_epoch_response(std::string_view answer, int32_t correlation) {
  WireReader reader(answer);
  const auto answered = reader.number<int32_t>();
  reader.number<int32_t>();  // throttle time
  std::vector<EpochEnd> ends;
  const int32_t topics = reader.count(6);
  for (int32_t t = 0; t < topics; ++t) {
    const std::string_view topic = reader.text();
    const int32_t count = reader.count(18);
    for (int32_t i = 0; i < count && reader.ok(); ++i) {
      EpochEnd end;
      end.error = reader.number<int16_t>();
      end.partition = {std::string(topic), reader.number<int32_t>()};
      const auto epoch = reader.number<int32_t>();
      const auto offset = reader.number<int64_t>();
      end.offset = epoch < 0 ? -1 : offset;
      ends.push_back(std::move(end));
    }
  }
  if (!reader.ok() || answered != correlation) {
    return unavailable("kafka: a broker's answer to OffsetForLeaderEpoch cannot be read");
  }
  return ends;
}

}  // namespace lakeward::connectors::kafka::fetch
