#include "connectors/kafka/topic_tail.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "connectors/kafka/consumer.h"
#include "connectors/kafka/start.h"
#include "format/record_headers.h"
#include "stream/utf8.h"

namespace lakeward::connectors::kafka {
namespace {

std::optional<std::string> as_text(std::string_view bytes) {
  if (format::is_no_payload(bytes)) return std::nullopt;
  return stream::is_utf8(bytes) ? std::string(bytes) : stream::escape_bytes(bytes);
}

class Tail {
 public:
  Tail(std::unique_ptr<Consumer> consumer, Offsets from, std::stop_token stop)
      : consumer_(std::move(consumer)), from_(std::move(from)), stop_(std::move(stop)) {}

  // Records before these ends, in no order.
  Result<std::vector<TailRecord>> before(const Offsets& ends);
  // What has arrived; waits a moment for it. Brokers that are away are told of once.
  Result<std::vector<TailRecord>> arrived(const std::function<void(const std::string&)>& say);

 private:
  Status take(const TopicPartition& partition, int64_t to, std::vector<TailRecord>& records);
  // What is wrong with the brokers, if nothing can come.
  Status broken();

  std::unique_ptr<Consumer> consumer_;
  Offsets from_;
  std::stop_token stop_;
  MessageBlockPool pool_;
  Status failed_ = ok_status();  // behind the records that were given last
  bool told_ = false;
};

Status Tail::take(const TopicPartition& partition, int64_t to, std::vector<TailRecord>& records) {
  PartitionFeed& feed = consumer_->feed(partition);
  ASSIGN_OR_RETURN(
      const Slice slice,
      feed.take(to, {.keys = true, .timestamps = true, .headers = true}, pool_.take()));
  if (slice.count == 0) return ok_status();
  consumer_->client().clear_events();
  const format::RecordBatch batch = slice.block->batch(slice.first, slice.count);
  for (size_t i = 0; i < slice.count; ++i) {
    TailRecord record{partition.topic,
                      partition.partition,
                      batch.offsets[i],
                      batch.timestamps[i],
                      std::nullopt,
                      as_text(batch.records[i].payload),
                      batch.headers.empty() ? "{}" : format::headers_json(batch.headers[i])};
    if (batch.keys[i]) record.key = as_text(*batch.keys[i]);
    records.push_back(std::move(record));
  }
  return ok_status();
}

Status Tail::broken() {
  if (!consumer_->client().is_down()) return ok_status();
  return consumer_->client().failure().with_context(consumer_->client().service().name);
}

Result<std::vector<TailRecord>> Tail::before(const Offsets& ends) {
  std::vector<TailRecord> records;
  bool complete = false;
  while (!complete && !stop_.stop_requested()) {
    const uint64_t rings = consumer_->bell().rings();
    complete = true;
    for (const auto& [partition, end] : ends) {
      if (consumer_->feed(partition).finish(end)) continue;
      RETURN_IF_ERROR(take(partition, end, records));
      complete = complete && consumer_->feed(partition).finish(end);
    }
    if (complete) break;
    RETURN_IF_ERROR(broken());
    consumer_->bell().wait(rings);
  }
  return records;
}

Result<std::vector<TailRecord>> Tail::arrived(const std::function<void(const std::string&)>& say) {
  std::vector<TailRecord> records;
  const uint64_t rings = consumer_->bell().rings();
  Status status = std::exchange(failed_, ok_status());
  for (const auto& [partition, offset] : from_) {
    const Status taken = take(partition, INT64_MAX, records);
    // Nothing more comes of a partition whose offsets are lost.
    if (!taken.ok() && consumer_->feed(partition).lost()) return taken;
    if (status.ok()) status = taken;
  }
  if (!records.empty()) {
    failed_ = std::move(status);
    told_ = false;
    return records;
  }
  if (status.ok()) status = broken();
  // Of a partition without a leader, or a broker that has just started: the consumer goes on.
  if (!status.ok() && !status.retriable()) return status;
  if (!status.ok() && !std::exchange(told_, true)) say(status.message() + "; waiting for them");
  consumer_->bell().wait(rings);
  return records;
}

// What the brokers are asked with, and where the topic begins and ends.
struct Topic {
  config::StringMap properties;
  Service service;
  Offsets earliest;
  Offsets ends;

  Result<Tail> tail(const Offsets& from, const std::stop_token& stop) const {
    ASSIGN_OR_RETURN(std::unique_ptr<Consumer> consumer,
                     Consumer::make(properties, from, FetchBy::kLibrdkafka, service));
    return Tail(std::move(consumer), from, stop);
  }
};

Result<Topic> find_topic(const Cluster& cluster, const std::string& name,
                         const std::stop_token& stop) {
  Topic topic{cluster.properties, cluster.service, {}, {}};
  topic.properties.emplace_back("isolation.level", "read_committed");
  ASSIGN_OR_RETURN(const std::unique_ptr<Client> client,
                   Client::make(topic.properties, Client::Role::kConsumer, cluster.service));
  client->heed(stop);
  ASSIGN_OR_RETURN(const std::vector<int32_t> numbers, client->partitions(name));
  for (const int32_t number : numbers) {
    topic.earliest[{name, number}] = Start::kEarliest;
    topic.ends[{name, number}] = Start::kLatest;
  }
  ASSIGN_OR_RETURN(topic.earliest, client->list_offsets(topic.earliest));
  ASSIGN_OR_RETURN(topic.ends, client->list_offsets(topic.ends));
  return topic;
}

// The newest `count` records, ordered by time. An offset need not be a record's: the marker of a
// transaction has one, and so has what was aborted or compacted away. So each partition is read
// backwards, in pieces that grow, until it has given `count` records or there are no more.
Result<std::vector<TailRecord>> last_records(const Topic& topic, uint64_t count,
                                             const std::stop_token& stop) {
  std::vector<TailRecord> records;
  std::map<TopicPartition, uint64_t> found;
  Offsets to = topic.ends;
  auto piece = static_cast<int64_t>(std::min<uint64_t>(count, INT64_MAX / 4));
  for (; !stop.stop_requested(); piece = std::min(2 * piece, INT64_MAX / 4)) {
    std::erase_if(to, [&](const auto& place) {
      return found[place.first] >= count || place.second <= topic.earliest.at(place.first);
    });
    if (to.empty()) break;
    Offsets from = to;
    for (auto& [partition, offset] : from) {
      offset = std::max(topic.earliest.at(partition), offset - piece);
    }
    ASSIGN_OR_RETURN(Tail tail, topic.tail(from, stop));
    ASSIGN_OR_RETURN(std::vector<TailRecord> more, tail.before(to));
    for (TailRecord& record : more) {
      ++found[{record.topic, record.partition}];
      records.push_back(std::move(record));
    }
    to = std::move(from);
  }
  const auto order = [](const TailRecord& record) {
    return std::tie(record.timestamp, record.partition, record.offset);
  };
  std::sort(records.begin(), records.end(),
            [&](const TailRecord& a, const TailRecord& b) { return order(a) < order(b); });
  if (records.size() > count) {
    records.erase(records.begin(), records.end() - static_cast<ptrdiff_t>(count));
  }
  return records;
}

}  // namespace

Status tail_topic(const Cluster& cluster, const std::string& topic, const TailOptions& options,
                  const std::function<Status(const TailRecord&)>& show, std::stop_token stop) {
  ASSIGN_OR_RETURN(const Topic found, find_topic(cluster, topic, stop));
  uint64_t left = options.count.value_or(UINT64_MAX);
  const auto show_all = [&](const std::vector<TailRecord>& records) -> Status {
    for (const TailRecord& record : records) {
      if (left == 0 || stop.stop_requested()) break;
      RETURN_IF_ERROR(show(record));
      --left;
    }
    return ok_status();
  };
  if (options.last > 0) {
    ASSIGN_OR_RETURN(const std::vector<TailRecord> records,
                     last_records(found, options.last, stop));
    RETURN_IF_ERROR(show_all(records));
  }
  if (!options.follow || left == 0 || stop.stop_requested()) return ok_status();
  ASSIGN_OR_RETURN(Tail tail, found.tail(found.ends, stop));
  while (left > 0 && !stop.stop_requested()) {
    ASSIGN_OR_RETURN(const std::vector<TailRecord> records, tail.arrived(options.say));
    RETURN_IF_ERROR(show_all(records));
  }
  return ok_status();
}

}  // namespace lakeward::connectors::kafka
