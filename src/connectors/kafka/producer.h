// librdkafka's producer, wrapped: records go out, in a transaction or without, and what the brokers
// do not take becomes a Status.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

// What it points to is copied when it is sent.
struct OutgoingRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::optional<int32_t> partition;     // else by the key, or any
  std::optional<int64_t> timestamp_ms;  // else now
  std::span<const std::pair<std::string_view, std::optional<std::string_view>>> headers;
};

struct ProducerOptions {
  config::StringMap properties;  // holds secrets
  std::string topic;
  // Empty: without transactions. Only one producer of this name can live; it is also the name of
  // the consumer group that a transaction stores an offset for.
  std::string transactional_id;
  Duration transaction_timeout{};
  Service service = {};
  // Once it is requested, whoever waits gives up, with Cancelled, when nothing comes of it for a
  // few seconds.
  std::stop_token stop = {};
  // Asked every now and then while send() or flush() waits: OK goes on waiting, however long.
  // Empty: they fail once the brokers have taken nothing for too long.
  std::function<Status()> while_waiting = nullptr;
};

// Used by one thread. Errors: Unavailable (retriable, with a new Producer); Cancelled; Conflict if
// another producer has taken the transactional id over; InvalidArgument for what somebody must
// mend. After any error the producer is of no use any more.
class Producer {
 public:
  static Result<std::unique_ptr<Producer>> make(const ProducerOptions& options);
  // Aborts a transaction that is still open, if that is quick. One that it leaves open is aborted
  // by the next producer's take_over(), or by the brokers when it is too old.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // With a transactional id, once, first: from now on every other producer of this id is fenced,
  // and what it had not committed is aborted. When this returns, no transaction of the id is open.
  Status take_over();

  Status begin();
  bool is_open() const { return open_; }
  // Queues a record. Waits while the queue is full.
  Status send(const OutgoingRecord& record);
  // Returns when the brokers have all records.
  Status flush();
  // Records that the brokers have not confirmed yet.
  size_t unconfirmed();
  // What is known of why they do not.
  Status failure() { return client_->failure(); }
  // Commits the transaction, and with it `offset` of the group for this topic's partition 0.
  // Unavailable may also mean that the brokers have committed it, or will: take_over() of the next
  // producer waits for that, and the group's offset then tells.
  Status commit(int64_t offset, const std::string& metadata);
  // Gives the transaction up.
  Status abort();

 private:
  Producer(ProducerOptions options, std::shared_ptr<Client> client);
  // What one call of librdkafka's does about a transaction. It may outlive the producer, so that it
  // holds what it uses besides the handle.
  using Step = std::function<rd_kafka_error_t*(rd_kafka_t* handle, int timeout_ms)>;
  // Takes the step until it is done, or fails for good, or nothing has come of it for too long, or
  // it does not come back.
  Status repeat(const std::string& what, Duration patience, const Step& step);
  // What a call's or a record's failure means. Takes `error`; `bytes` of the record, or 0.
  Status explain(rd_kafka_error_t* error, size_t bytes = 0);
  Status explain(rd_kafka_resp_err_t error, const std::string& text, size_t bytes,
                 size_t records = 1) const;
  Status fenced(const std::string& text) const;
  // The refusal of a record, or OK.
  Status check_refusals() const;
  // Unavailable if records may be lost that librdkafka has taken for written, or OK.
  Status check_places() const;
  class Wait;
  Status check_progress(Wait& wait);
  bool gives_up(const Wait& wait) const;
  std::string sending() const;

  ProducerOptions options_;
  std::shared_ptr<Client> client_;  // also a call's that has not come back
  rd_kafka_topic_t* topic_ = nullptr;
  bool open_ = false;
  bool stuck_ = false;  // a call has not come back
  Timestamp begun_;
  size_t sent_since_poll_ = 0;
};

}  // namespace lakeward::connectors::kafka
