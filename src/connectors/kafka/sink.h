// Rows into a topic, exactly once: a transaction for each epoch.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/kafka/producer.h"
#include "connectors/kafka/record_encoder.h"
#include "connectors/kafka/sink_options.h"
#include "stream/registry.h"
#include "stream/sink.h"

namespace lakeward::connectors::kafka {

// A transaction holds an epoch's records and an offset of a consumer group, which is the epoch's
// number + 1: see README.md. write() sends, commit() commits; the transaction is open in between.
class KafkaSink final : public stream::Sink, private stream::SinkWriter, private stream::Committer {
 public:
  // Errors: those of make_encoding().
  static Result<std::unique_ptr<stream::Sink>> make(KafkaSinkOptions options, Service service,
                                                    const stream::SinkArguments& arguments,
                                                    stream::Environment& environment);

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return *this; }
  std::string name() const override { return service_.name + " " + options_.topic; }
  bool keeps_order() const override { return true; }
  Result<std::string> reach() override;

 private:
  KafkaSink(KafkaSinkOptions options, Service service, Encodings encodings,
            const stream::SinkArguments& arguments, stream::Environment& environment);

  Status check(const engine::Schema& rows) override;
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override;
  void discard(stream::Committable committable) override;
  Result<std::optional<int64_t>> last_committed() override;
  Status commit(const stream::Epoch& epoch, stream::Committable committable,
                const stream::Accounting& accounting) override;

  bool transactional() const { return options_.delivery == Delivery::kExactlyOnce; }
  // Makes sure of the topic and of a producer, and learns the last committed epoch.
  Status connect();
  Status find_topic(Client& client);
  // That this user may use the group of the transactional id.
  Status check_own_group(Client& client) const;
  Status learn_last_epoch(Client& client);
  // Makes the encoder of these rows; its schema is registered if it is of a schema registry.
  Status prepare(engine::Session& session, const std::string& select);
  Result<stream::Committable> send(engine::Session& session, const std::string& select);
  // Ends an open transaction without its records; the producer is given up if that fails.
  void give_up();

  KafkaSinkOptions options_;
  Service service_;
  std::string query_id_;
  engine::Database& database_;
  ProducerOptions producer_options_;      // holds secrets
  config::StringMap reading_properties_;  // likewise
  Encodings encodings_;
  std::unique_ptr<RecordEncoder> encoder_;
  std::unique_ptr<Producer> producer_;
  std::optional<int64_t> last_;  // the last epoch in the topic, if transactional
  int32_t partitions_ = 0;       // 0: the topic was not seen yet
};

// Where a sink with these options puts its records.
stream::Destination destination_of(const KafkaSinkOptions& options, const Service& service);
// See stream::SinkType::describe.
std::string describe(const KafkaSinkOptions& options);

stream::SinkType sink_type();

}  // namespace lakeward::connectors::kafka
