#include "connectors/kafka/publisher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/units.h"
#include "connectors/kafka/bootstrap.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/sink_options.h"
#include "connectors/kafka/topic.h"
#include "connectors/kafka/topic_admin.h"
#include "connectors/kafka/topic_settings.h"

namespace lakeward::connectors::kafka {
namespace {

using Clock = std::chrono::steady_clock;

// Without anything taken, until that is told; and how long is waited after a stop.
constexpr std::chrono::seconds kUsual{10};
constexpr std::chrono::seconds kAfterStop{1};
constexpr std::chrono::milliseconds kLookEvery{200};
constexpr uint64_t kUsualBatch = 1'000'000;  // bytes; librdkafka's batch.size
constexpr Duration kAskEvery{1'000'000};

class ProducingPublisher final : public Publisher {
 public:
  ProducingPublisher(std::string service, Waiting waiting)
      : service_(std::move(service)), waiting_(std::move(waiting)) {}

  Status open(ProducerOptions options) {
    options.while_waiting = [this] { return look(); };
    ASSIGN_OR_RETURN(producer_, Producer::make(options));
    return ok_status();
  }

  Status send(std::optional<std::string_view> key, std::string_view value) override {
    OutgoingRecord record;
    record.key = key;
    record.value = value;
    RETURN_IF_ERROR(producer_->send(record));
    ++sent_;
    return Clock::now() - looked_ < kLookEvery ? ok_status() : look();
  }
  Status flush() override { return producer_->flush(); }

 private:
  // Whether it gets on: tells if it does not, and if it does again. Cancelled if there was a stop.
  Status look() {
    const Clock::time_point now = Clock::now();
    // One that is only beginning to be sent is not waited for yet.
    if (looked_ == Clock::time_point() || all_confirmed_) since_ = now;
    looked_ = now;
    const uint64_t left = producer_->unconfirmed();
    all_confirmed_ = left == 0;
    const uint64_t confirmed = sent_ - std::min(sent_, left);
    if (all_confirmed_ || confirmed > confirmed_) {
      confirmed_ = confirmed;
      since_ = now;
      if (std::exchange(told_, false)) waiting_.say(service_ + ": goes on");
      return ok_status();
    }
    if (waiting_.stop.stop_requested()) {
      if (!stopped_) stopped_ = now;
      if (now - std::max(*stopped_, since_) >= kAfterStop) {
        return cancelled("interrupted while " + format_count(left, "record") +
                         " waited for brokers that do not answer");
      }
    }
    if (!told_ && now - since_ >= kUsual) {
      const Status behind = producer_->failure();
      waiting_.say(service_ + ": the brokers have taken nothing for " +
                   std::to_string(kUsual.count()) + " s" +
                   (behind.ok() ? "" : " (" + behind.message() + ")") + "; waiting for them");
      told_ = true;
    }
    return ok_status();
  }

  const std::string service_;
  const Waiting waiting_;
  std::unique_ptr<Producer> producer_;
  uint64_t sent_ = 0;
  uint64_t confirmed_ = 0;
  bool all_confirmed_ = true;
  bool told_ = false;
  Clock::time_point looked_;
  Clock::time_point since_;  // nothing was confirmed
  std::optional<Clock::time_point> stopped_;
};

// Waits for brokers that take connections, but do not answer; others are an error.
Status find_topic(const Cluster& cluster, const std::string& topic, const Waiting& waiting) {
  ASSIGN_OR_RETURN(const auto client, Client::make(cluster.properties, Client::Role::kConsumer,
                                                   cluster.writing_service));
  client->heed(waiting.stop);
  bool told = false;
  while (true) {
    const Status found = await_leaders(*client, topic);
    if (found.ok() && told) waiting.say(cluster.writing_service.name + ": goes on");
    if (!found.retriable() || (!told && !find_listener(cluster.properties))) return found;
    if (!told) waiting.say(found.message() + "; waiting for them");
    told = true;
    if (!SystemClock().wait(kAskEvery, waiting.stop)) {
      return cancelled("interrupted while brokers did not answer");
    }
  }
}

// How large a batch of records the topic takes, as far as this user may know: brokers judge it as a
// whole, and the producer fills it without asking.
std::optional<uint64_t> largest_batch(const Cluster& cluster, const std::string& topic,
                                      const std::stop_token& stop) {
  const auto client = Client::make(cluster.properties, Client::Role::kConsumer, cluster.service);
  if (!client.ok()) return std::nullopt;
  (*client)->heed(stop);
  return topic_number(**client, topic, "max.message.bytes");
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const Cluster& cluster, const std::string& topic,
                                                   Waiting waiting) {
  Service service = cluster.writing_service;
  if (service.too_large.empty()) service.too_large = "raise 'max.message.bytes' of the topic";
  if (const std::string refusal = refuse_topic_name(topic); !refusal.empty()) {
    return invalid_argument(refusal);
  }
  RETURN_IF_ERROR(find_topic(cluster, topic, waiting));
  ProducerOptions wanted;
  wanted.properties = cluster.properties;
  for (const auto& [name, value] : cluster.writing) set_default(wanted.properties, name, value);
  set_writing_defaults(wanted.properties);
  set_default(wanted.properties, "message.timeout.ms", "0");  // never
  if (const auto bytes = largest_batch(cluster, topic, waiting.stop);
      bytes && *bytes < kUsualBatch) {
    set_default(wanted.properties, "batch.size", std::to_string(*bytes));
  }
  wanted.topic = topic;
  wanted.service = service;
  auto publisher = std::make_unique<ProducingPublisher>(service.name, std::move(waiting));
  RETURN_IF_ERROR(publisher->open(std::move(wanted)));
  return std::unique_ptr<Publisher>(std::move(publisher));
}

}  // namespace lakeward::connectors::kafka
