// librdkafka's failures as Status, in the words of the service that is spoken to.
#pragma once

#include <rdkafka.h>

#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"
#include "connectors/kafka/service.h"

namespace lakeward::connectors::kafka {

// A failure that librdkafka names, as a Status: InvalidArgument for what somebody must mend
// (passwords, certificates, permissions), NotFound for an unknown topic, else Unavailable.
Status kafka_status(rd_kafka_resp_err_t error, const std::string& detail,
                    const Service& service = Service());

// What librdkafka's threads report beside the answers to calls. Thread-safe.
class Events {
 public:
  explicit Events(Service service) : service_(std::move(service)) {}

  void add(rd_kafka_resp_err_t error, const char* text);
  // No token could be had for the login.
  void add_token_failure(const Status& status);
  // A broker ended a connection at its first request.
  void add_early_end();
  // Forgets everything: called when the cluster has answered.
  void clear();
  // The failure that explains best why nothing comes, or OK if there was none.
  Status failure() const;
  // Whether failure() is more than that no broker can be reached.
  bool knows_why() const;
  // Whether no broker can be reached, or none that lets us in.
  bool is_down() const;

  // Why the brokers did not take a producer's records: the first reason, and those refused for it.
  struct Refusal {
    rd_kafka_resp_err_t error;
    std::string text;
    size_t bytes = 0;  // of key and value of the largest
    size_t records = 1;
  };
  void add_refusal(const rd_kafka_message_t& message);
  std::optional<Refusal> refusal() const;

 private:
  const Service service_;
  mutable std::mutex mutex_;
  std::optional<Status> fatal_;  // not retriable
  Status last_;                  // what is known of a connection that failed
  bool all_down_ = false;
  int early_ends_ = 0;  // since the cluster has last answered
  std::optional<Refusal> refusal_;
};

}  // namespace lakeward::connectors::kafka
