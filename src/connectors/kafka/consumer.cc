#include "connectors/kafka/consumer.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/kafka/connection.h"
#include "connectors/kafka/fetch/fetched_feed.h"
#include "connectors/kafka/fetch/fetcher.h"
#include "connectors/kafka/fetch/security.h"
#include "connectors/kafka/queue_feed.h"

namespace lakeward::connectors::kafka {
namespace {

// Fetched ahead by one consumer, of payload and of messages: each costs librdkafka some 400 bytes
// more.
constexpr size_t kAheadMessages = 200'000;

// What the fetcher does as it says, or what has nothing to do with fetching, beside what says how
// connections are secured. Some only with the value that event hubs have (event_hubs.cc), as it is
// what the fetcher does anyway.
struct KnownProperty {
  std::string_view name;
  std::string_view value = "";  // any
};
constexpr KnownProperty kKnownProperties[] = {
    {"bootstrap.servers"},
    {"client.id"},
    {"isolation.level"},
    {"group.id"},
    {"metadata.max.age.ms"},
    {"socket.timeout.ms"},
    {"socket.keepalive.enable", "true"},
    {"connections.max.idle.ms", "180000"},
};

bool is_known(const std::string& name, const std::string& value) {
  return fetch::is_known_security(name) ||
         std::any_of(std::begin(kKnownProperties), std::end(kKnownProperties),
                     [&](const KnownProperty& known) {
                       return known.name == name && (known.value.empty() || known.value == value);
                     });
}

}  // namespace

FetchBy choose_fetcher(const config::StringMap& properties) {
  const bool known = std::all_of(properties.begin(), properties.end(), [](const auto& property) {
    return is_known(property.first, property.second);
  });
  return known && fetch::can_secure(properties) ? FetchBy::kFetcher : FetchBy::kLibrdkafka;
}

Result<std::unique_ptr<Consumer>> Consumer::make(const config::StringMap& properties,
                                                 const Offsets& from, FetchBy fetch_by,
                                                 const Service& service, size_t ahead_bytes,
                                                 KnownTopics known) {
  config::StringMap all = properties;
  const size_t partitions = std::max<size_t>(1, from.size());
  // These hold for each partition, as each has its own queue.
  set_default(all, "queued.max.messages.kbytes",
              std::to_string(std::max<size_t>(1'024, (ahead_bytes >> 10) / partitions)));
  set_default(all, "queued.min.messages",
              std::to_string(std::max<size_t>(2'000, kAheadMessages / partitions)));
  // A full queue is looked at again soon, and not after librdkafka's second.
  set_default(all, "fetch.queue.backoff.ms", "5");
  // The group is only a name here: nothing is committed by this consumer.
  set_default(all, "group.id", "lakeward");
  set_default(all, "auto.offset.reset", "error");
  set_default(all, "enable.auto.commit", "false");
  set_default(all, "enable.auto.offset.store", "false");
  set_default(all, "enable.partition.eof", "true");
  set_default(all, "check.crcs", "true");
  std::unique_ptr<Consumer> consumer(new Consumer());
  ASSIGN_OR_RETURN(consumer->client_, Client::make(all, Client::Role::kConsumer, service));
  RETURN_IF_ERROR(fetch_by == FetchBy::kFetcher
                      ? consumer->feed_by_fetcher(properties, from, ahead_bytes, std::move(known))
                      : consumer->feed_by_librdkafka(from));
  return consumer;
}

Status Consumer::feed_by_librdkafka(const Offsets& from) {
  for (const auto& [partition, offset] : from) {
    feeds_[partition] = std::make_unique<QueueFeed>(*client_, partition, offset, bell_);
  }
  const PartitionList list = make_partition_list(from);
  const rd_kafka_resp_err_t error = rd_kafka_assign(client_->handle(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return ok_status();
  return client_->failed("assign", error, rd_kafka_err2str(error));
}

Status Consumer::feed_by_fetcher(const config::StringMap& properties, const Offsets& from,
                                 size_t ahead_bytes, KnownTopics known) {
  fetch::FetcherOptions options;
  if (known.epochs != nullptr) options.epochs = std::move(known.epochs);
  options.ids = std::move(known.ids);
  if (known.asked_by_name != nullptr) options.asked_by_name = std::move(known.asked_by_name);
  options.service = client_->service();
  options.ahead_bytes = ahead_bytes;
  for (const auto& [name, value] : properties) {
    if (name == "isolation.level") options.fetch.read_committed = value == "read_committed";
    if (name == "client.id") options.client_id = value;
    if (name == "socket.timeout.ms") {  // read as librdkafka reads it, which has accepted it
      options.patience =
          std::chrono::milliseconds(std::strtol(value.c_str(), nullptr, 0) + options.fetch.wait_ms);
    }
  }
  Result<fetch::Security> security =
      fetch::make_security(properties, [client = client_.get()] { return client->token(); });
  if (!security.ok()) return security.status().with_context(client_->service().name);
  options.security = std::move(*security);
  std::vector<std::string> topics;
  for (const auto& [partition, offset] : from) {
    if (topics.empty() || topics.back() != partition.topic) topics.push_back(partition.topic);
  }
  fetcher_ = std::make_unique<fetch::Fetcher>(
      from, std::move(options),
      [client = client_.get(), topics = std::move(topics)] { return client->leaders(topics); },
      bell_, client_->events());
  for (const auto& [partition, offset] : from) {
    feeds_[partition] = std::make_unique<fetch::FetchedFeed>(
        fetcher_->queue(partition), client_->service().name + ": " + partition.to_string(), offset);
  }
  return ok_status();
}

Consumer::~Consumer() {
  if (client_ != nullptr && fetcher_ == nullptr) rd_kafka_assign(client_->handle(), nullptr);
  feeds_.clear();  // before the client
  fetcher_.reset();
}

bool Consumer::stands_at(const Offsets& from) const {
  return from.size() == feeds_.size() && (fetcher_ == nullptr || !fetcher_->has_failed()) &&
         std::all_of(from.begin(), from.end(), [&](const auto& place) {
           const auto feed = feeds_.find(place.first);
           return feed != feeds_.end() && feed->second->position() == place.second;
         });
}

}  // namespace lakeward::connectors::kafka
