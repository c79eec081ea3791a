// Records of topics.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/group_offsets.h"
#include "connectors/kafka/log_ends.h"
#include "connectors/kafka/open_transactions.h"
#include "connectors/kafka/options.h"
#include "connectors/kafka/record_reader.h"
#include "connectors/kafka/source_topics.h"
#include "stream/registry.h"
#include "stream/source.h"

namespace lakeward::connectors::kafka {

// An offset is Spark's, with all partitions: {"sensor_data":{"0":86,"1":74}}. Where the pipeline
// began is in sources/N/0, as Spark writes it. A partition that appears later, or a
// topic that a pattern matches, is read from its first record on, offset 0.
class KafkaSource final : public stream::Source {
 public:
  KafkaSource(KafkaSourceOptions options, Subscription subscription, Service service,
              std::string pipeline, stream::Environment& environment);

  Status attach(checkpoint::SourceLog& log) override;
  // Errors: Corruption if records that were not read yet are gone, or the topic is another one than
  // before; NotFound for an unknown topic; InvalidArgument for what the brokers refuse.
  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override;
  Result<stream::Input> read(const stream::ReadRequest& request) override;
  Status acknowledge(const stream::Offset& to) override;
  Status reach() override;
  bool left_behind() const override { return left_behind_; }
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override;
  Result<std::string> position(const stream::Offset& committed) override;

 private:
  // The connection to ask questions on, made at the first.
  Result<Client*> client();
  // topics_, asked for anew from time to time. `read`: what the pipeline has read before.
  Status discover(const Offsets& read);
  // Where an epoch begins that begins at `from`.
  Result<Offsets> begin_of(const std::optional<stream::Offset>& from);
  // Where the pipeline begins; decided and made durable once.
  Result<Offsets> initial_offsets();
  Result<Offsets> decide_start();
  // That the partitions have the offsets that `start` gives: once they are durable, correcting
  // `start` changes nothing any more.
  Status check_start(const Offsets& given, Client& client) const;
  // Where the records are that can still be read from `from` on, by partition: behind what was
  // lost, if the policy allows it.
  Result<Offsets> skip_lost(const Offsets& from, const Offsets& earliest, const Offsets& latest);
  // Why the brokers do not have the offset that an epoch reads next. Called on any thread.
  Status explain_loss(const TopicPartition& partition, int64_t offset, Client& client);

  KafkaSourceOptions options_;
  Subscription subscription_;
  Service service_;
  std::string pipeline_;
  Clock& clock_;
  const uint64_t memory_bytes_;
  config::StringMap properties_;  // holds secrets
  checkpoint::SourceLog* log_ = nullptr;
  SourceTopics topics_;
  LogEnds ends_;
  std::unique_ptr<Client> client_;
  GroupOffsets group_;  // uses the client
  OpenTransactions open_transactions_;
  std::shared_ptr<ConsumerPool> consumers_;
  std::optional<Offsets> initial_;
  std::optional<Offsets> drain_to_;
  bool left_behind_ = false;  // by the last plan
};

// Of any service that speaks Kafka's protocol. Errors: InvalidArgument for a pattern that is none.
Result<std::unique_ptr<stream::Source>> make_source(KafkaSourceOptions options, Service service,
                                                    const stream::SourceArguments& arguments,
                                                    stream::Environment& environment);

// Whether these options read the topic that a sink fills. Two clusters are the same if both name
// one of their brokers alike.
bool reads(const KafkaSourceOptions& options, const stream::Destination& destination);

stream::SourceType source_type();

}  // namespace lakeward::connectors::kafka
