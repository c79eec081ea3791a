// A broker that answers Fetch, OffsetForLeaderEpoch and Metadata as a test says, over TCP on the
// loopback.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/fetch_api.h"

namespace lakeward::connectors::kafka::fetch {

struct FetchRequest {
  struct Position {
    int64_t offset = 0;
    int32_t bytes = 0;
  };
  int32_t bytes = 0;  // of the whole answer
  std::map<TopicPartition, Position> positions;
};

// Of a partition: batches, or why there are none.
struct PartitionAnswer {
  PartitionAnswer() = default;
  PartitionAnswer(std::string given) : batches(std::move(given)) {}
  explicit PartitionAnswer(rd_kafka_resp_err_t given) : error(given) {}
  std::string batches;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};
using FetchAnswer = std::map<TopicPartition, PartitionAnswer>;

// Where an epoch of a partition's leader ends; negative: the broker does not know it.
using EndOfEpoch = std::function<int64_t(const TopicPartition&, int32_t epoch)>;

// Whether, this time, it knows of itself. If not, it answers Metadata as a broker may that was
// frozen for longer than its session: there are topics, and no broker.
using KnowsItself = std::function<bool()>;

class ScriptedBroker {
 public:
  // `answer` is called on threads of the broker's, one a connection. If it gives nothing, the
  // connection is told nothing any more, as by a broker that waits for records. Without
  // `end_of_epoch` or `knows_itself`, it is a broker that cannot be asked for that. Metadata are of
  // one broker and the topic `t` with one partition.
  explicit ScriptedBroker(std::function<FetchAnswer(const FetchRequest&)> answer,
                          EndOfEpoch end_of_epoch = {}, KnowsItself knows_itself = {});
  ~ScriptedBroker();
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;

  BrokerAddress address() const { return {"127.0.0.1", port_}; }

 private:
  void accept_connections();
  void serve(int socket);
  std::string format_versions(int32_t correlation, int16_t version) const;

  const std::function<FetchAnswer(const FetchRequest&)> answer_;
  const EndOfEpoch end_of_epoch_;
  const KnowsItself knows_itself_;
  int port_ = 0;
  const int listener_;
  std::atomic<bool> stopping_{false};
  std::list<int> sockets_;  // of the accepting thread, until it has ended
  std::list<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace lakeward::connectors::kafka::fetch
