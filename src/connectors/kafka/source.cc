#include "connectors/kafka/source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/units.h"
#include "checkpoint/source_log.h"
#include "connectors/kafka/epoch_limits.h"
#include "connectors/kafka/high_watermarks.h"

namespace lakeward::connectors::kafka {
namespace {

// In the source's folder in the checkpoint.
constexpr const char* kInitialOffsets = "0";
std::string count_text(int64_t count) { return format_count(static_cast<uint64_t>(count)); }

// `gone`: those of topics that the pipeline goes on without.
std::string position_text(const Offsets& offsets, const Offsets& gone) {
  std::string text;
  for (const auto& [partition, offset] : offsets) {
    text += (text.empty() ? "" : ", ") + partition.topic + "/" +
            std::to_string(partition.partition) + " at " + count_text(offset);
  }
  std::string last;
  for (const auto& [partition, offset] : gone) {
    if (partition.topic == last) continue;
    text += last.empty() ? (text.empty() ? "without " : "; without ") : ", ";
    text += last = partition.topic;
  }
  return text;
}

config::StringMap reading_properties(const KafkaSourceOptions& options,
                                     const std::filesystem::path& root) {
  config::StringMap properties = connection_properties(options, root);
  const bool committed = options.isolation == Isolation::kReadCommitted;
  properties.emplace_back("isolation.level", committed ? "read_committed" : "read_uncommitted");
  return properties;
}

Offsets all_at(const Offsets& partitions, int64_t what) {
  Offsets wanted;
  for (const auto& [partition, offset] : partitions) wanted[partition] = what;
  return wanted;
}

}  // namespace

KafkaSource::KafkaSource(KafkaSourceOptions options, Subscription subscription, Service service,
                         std::string pipeline, stream::Environment& environment)
    : options_(std::move(options)),
      subscription_(std::move(subscription)),
      service_(std::move(service)),
      pipeline_(std::move(pipeline)),
      clock_(environment.clock),
      memory_bytes_(environment.memory_bytes),
      properties_(reading_properties(options_, environment.project_root)),
      topics_(options_, subscription_, service_, pipeline_, clock_),
      ends_(clock_),
      group_(options_.group_id),
      consumers_(std::make_shared<ConsumerPool>(properties_, service_,
                                                bytes_ahead(environment.memory_bytes))) {}

Status KafkaSource::attach(checkpoint::SourceLog& log) {
  log_ = &log;
  const Result<std::string> bytes = log.read_file(kInitialOffsets);
  topics_.attach(log);
  if (bytes.status().code() == StatusCode::kNotFound) return ok_status();
  RETURN_IF_ERROR(bytes.status());
  ASSIGN_OR_RETURN(initial_, parse_initial_offsets(*bytes));
  topics_.acknowledge(*initial_);
  return ok_status();
}

Result<Client*> KafkaSource::client() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(client_, Client::make(properties_, Client::Role::kConsumer, service_));
  }
  return client_.get();
}

Status KafkaSource::discover(const Offsets& read) {
  ASSIGN_OR_RETURN(Client* const client, this->client());
  BrokersTopics directory(*client);
  RETURN_IF_ERROR(topics_.discover(read, directory, consumers_->has_asked_by_name()));
  consumers_->know(topics_.ids());
  for (const std::string& topic : topics_.take_begun_anew()) {
    spdlog::warn("{}: the {} '{}' is there again and was made anew: it is read from its beginning",
                 service_.name, service_.topic, topic);
    for (const TopicPartition& partition : topics_.partitions()) {
      if (partition.topic != topic) continue;
      consumers_->leave_gap(partition);
      ends_.forget(partition);
    }
  }
  return ok_status();
}

Result<Offsets> KafkaSource::decide_start() {
  config::Problems problems;
  const Start start = parse_start(options_.start, subscription_, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  RETURN_IF_ERROR(discover({}));
  Offsets wanted;
  for (const TopicPartition& partition : topics_.partitions()) {
    wanted[partition] = start.everywhere;
  }
  Offsets given;
  for (const auto& [partition, offset] : start.offsets) {
    if (!wanted.contains(partition)) {
      return invalid_argument(service_.name + ": 'start' names " + partition.to_string() +
                              ", which does not exist; correct 'start'");
    }
    if (offset >= 0) {
      given[partition] = offset;
      wanted.erase(partition);
    } else {
      wanted[partition] = offset;
    }
  }
  ASSIGN_OR_RETURN(Client* const client, this->client());
  ASSIGN_OR_RETURN(Offsets begin, client->list_offsets(wanted));
  RETURN_IF_ERROR(check_start(given, *client));
  begin.merge(given);
  return begin;
}

Status KafkaSource::check_start(const Offsets& given, Client& client) const {
  const auto refuse = [&](const TopicPartition& partition, int64_t offset, std::string what) {
    const config::Problem problem{options_.start.location(),
                                  "'start' says offset " + count_text(offset) + ", but " +
                                      partition.to_string() + " " + std::move(what)};
    return invalid_argument(problem.to_string());
  };
  ASSIGN_OR_RETURN(const Offsets earliest, client.list_offsets(all_at(given, Start::kEarliest)));
  ASSIGN_OR_RETURN(const Offsets latest, client.list_offsets(all_at(given, Start::kLatest)));
  for (const auto& [partition, offset] : given) {
    if (offset > latest.at(partition)) {
      return refuse(partition, offset,
                    "ends at " + count_text(latest.at(partition)) + "; correct 'start'");
    }
    if (offset < earliest.at(partition) && options_.on_lost_offsets == OnLostOffsets::kFail) {
      return refuse(partition, offset,
                    "begins at " + count_text(earliest.at(partition)) +
                        ": what was before is deleted; correct 'start', or set "
                        "on_lost_offsets: earliest to go on without it");
    }
  }
  return ok_status();
}

Result<Offsets> KafkaSource::initial_offsets() {
  if (initial_) return *initial_;
  ASSIGN_OR_RETURN(const Offsets begin, decide_start());
  const Status written = log_->write_file(kInitialOffsets, format_initial_offsets(begin));
  if (written.code() == StatusCode::kAlreadyExists) {  // by a try that seemed to have failed
    RETURN_IF_ERROR(attach(*log_));
    return *initial_;
  }
  RETURN_IF_ERROR(written);
  initial_ = begin;
  topics_.acknowledge(begin);
  return begin;
}

Result<Offsets> KafkaSource::begin_of(const std::optional<stream::Offset>& from) {
  if (!from) return initial_offsets();
  ASSIGN_OR_RETURN(Offsets begin, parse_offsets(*from));
  RETURN_IF_ERROR(topics_.recall(begin));
  for (const auto& [partition, offset] : begin) {
    if (subscription_.covers(partition.topic) || options_.on_lost_offsets != OnLostOffsets::kFail) {
      continue;
    }
    return invalid_argument(service_.name + ": the pipeline '" + pipeline_ + "' has read the " +
                            service_.topic + " '" + partition.topic + "', which '" +
                            (subscription_.is_pattern() ? "topic_pattern" : service_.option) +
                            "' does not name any more; put it back, or set on_lost_offsets: "
                            "earliest to go on without it");
  }
  return begin;
}

Result<Offsets> KafkaSource::skip_lost(const Offsets& from, const Offsets& earliest,
                                       const Offsets& latest) {
  Offsets readable = from;
  std::vector<LostRange> lost;
  for (auto& [partition, offset] : readable) {
    const int64_t first = earliest.at(partition);
    if (offset >= first) continue;
    lost.push_back({partition, offset, first});
    const bool to_end = options_.on_lost_offsets == OnLostOffsets::kLatest;
    offset = to_end ? std::max(latest.at(partition), first) : first;
  }
  if (lost.empty() || options_.on_lost_offsets != OnLostOffsets::kFail) return readable;
  return lost_records(service_, pipeline_, lost);
}

Result<std::optional<stream::Offset>> KafkaSource::plan(const std::optional<stream::Offset>& from,
                                                        const stream::Limits& limits,
                                                        stream::PlanMode mode,
                                                        std::stop_token stop) {
  ASSIGN_OR_RETURN(Client* const client, this->client());
  client->heed(std::move(stop));
  ASSIGN_OR_RETURN(Offsets begin, begin_of(from));
  RETURN_IF_ERROR(topics_.leave_unnamed(begin));
  RETURN_IF_ERROR(discover(begin));
  if (!topics_.take_renewed(begin).empty()) {
    left_behind_ = true;  // the new topics, which can be read once this epoch is committed
    return std::optional(format_offsets(begin));
  }
  const Offsets gone = topics_.take_gone(begin);
  for (const TopicPartition& partition : topics_.partitions()) begin.emplace(partition, 0);
  for (const auto& [partition, offset] : begin) {
    if (topics_.contains(partition)) continue;
    return corruption(service_.name + ": " + partition.to_string() + " is in the checkpoint of '" +
                      pipeline_ + "', but does not exist: the " + service_.topic +
                      " was deleted and made anew.\n  " + how_to_start_over(log_));
  }
  ASSIGN_OR_RETURN(Offsets latest, client->list_offsets(all_at(begin, Start::kLatest)));
  for (const auto& [partition, offset] : begin) {
    RETURN_IF_ERROR(ends_.check(partition, offset, latest.at(partition),
                                "the checkpoint of '" + pipeline_ + "'", how_to_start_over(log_),
                                *client));
  }
  Offsets readable = begin;
  if (latest != begin) {  // else nothing is unread, so that nothing can be lost
    ASSIGN_OR_RETURN(const Offsets earliest, client->list_offsets(all_at(begin, Start::kEarliest)));
    ASSIGN_OR_RETURN(readable, skip_lost(begin, earliest, latest));
  }
  if (mode == stream::PlanMode::kDrain) {
    if (!drain_to_) drain_to_ = latest;
    for (auto& [partition, offset] : latest) {
      const auto target = drain_to_->find(partition);
      // A partition made since then is left to the next run.
      offset = std::min(offset, target == drain_to_->end() ? 0 : target->second);
    }
  } else {
    drain_to_.reset();
  }

  std::vector<uint64_t> available;
  for (const auto& [partition, offset] : readable) {
    available.push_back(static_cast<uint64_t>(std::max<int64_t>(0, latest.at(partition) - offset)));
  }
  const uint64_t rows = rows_of_epoch(limits, memory_bytes_, consumers_->mean_record_bytes());
  const std::vector<uint64_t> shares = share_fairly(available, rows);
  left_behind_ = shares != available;
  Offsets end = readable;
  size_t number = 0;
  for (auto& [partition, offset] : end) offset += static_cast<int64_t>(shares[number++]);
  if (end == begin) return std::optional<stream::Offset>();
  end.insert(gone.begin(), gone.end());
  return std::optional(format_offsets(end));
}

Result<stream::Input> KafkaSource::read(const stream::ReadRequest& request) {
  ASSIGN_OR_RETURN(Client* const client, this->client());
  client->heed(request.stop);
  // An epoch that another run has planned, too, is of the topics that are there now.
  ASSIGN_OR_RETURN(const Offsets begin, begin_of(request.range.from));
  ASSIGN_OR_RETURN(Offsets end, parse_offsets(request.range.to));
  Offsets both = end;
  both.insert(begin.begin(), begin.end());
  RETURN_IF_ERROR(discover(both));
  ReadOptions options;
  Offsets from;
  // Of all that was planned: an epoch that is read again gives its splits the same numbers,
  // whatever is gone by then.
  std::map<TopicPartition, uint32_t> splits;
  for (const auto& [partition, to] : end) {
    const auto known = begin.find(partition);
    from[partition] = known == begin.end() ? 0 : known->second;
    splits.emplace(partition, static_cast<uint32_t>(splits.size()));
  }
  // What was planned is read, whatever the options name by now.
  for (const auto& [partition, to] : topics_.take_unreadable(end)) {
    options.lost += static_cast<uint64_t>(to - from.at(partition));
    from.erase(partition);
  }
  Offsets readable = from;
  if (options_.on_lost_offsets != OnLostOffsets::kFail) {
    ASSIGN_OR_RETURN(const Offsets earliest, client->list_offsets(all_at(from, Start::kEarliest)));
    ASSIGN_OR_RETURN(readable, skip_lost(from, earliest, end));
  }
  std::vector<PartitionRange> ranges;
  for (const auto& [partition, to] : end) {
    const int64_t first = std::min(readable.at(partition), to);
    if (first > from.at(partition)) consumers_->leave_gap(partition);
    options.lost += static_cast<uint64_t>(first - from.at(partition));
    ranges.push_back({partition, splits.at(partition), first, to});
  }
  options.wanted = {.keys = request.want_keys,
                    .timestamps = request.want_timestamps,
                    .headers = request.want_headers};
  options.keep_order = request.keep_order;
  options.stop = request.stop;
  options.only.assign(request.only.begin(), request.only.end());
  options.explain_loss = [this, client](const TopicPartition& partition, int64_t offset) {
    return explain_loss(partition, offset, *client);
  };
  ASSIGN_OR_RETURN(std::unique_ptr<stream::RecordReader> reader,
                   make_record_reader(consumers_, std::move(ranges), std::move(options)));
  return stream::Input(std::move(reader));
}

Status KafkaSource::explain_loss(const TopicPartition& partition, int64_t offset, Client& client) {
  ASSIGN_OR_RETURN(const Offsets earliest, client.list_offsets({{partition, Start::kEarliest}}));
  const int64_t first = earliest.at(partition);
  if (first > offset && options_.on_lost_offsets == OnLostOffsets::kFail) {
    return lost_records(service_, pipeline_, {{partition, offset, first}});
  }
  if (first > offset) {
    return unavailable(service_.name + ": " + partition.to_string() + " begins at offset " +
                       count_text(first) + ": records were deleted while they were read, from " +
                       count_text(offset) + " on; the epoch is read again without them");
  }
  ASSIGN_OR_RETURN(const Offsets latest, client.list_offsets({{partition, Start::kLatest}}));
  RETURN_IF_ERROR(ends_.check(partition, offset, latest.at(partition),
                              "the epoch that '" + pipeline_ + "' reads", how_to_start_over(log_),
                              client));
  return unavailable(service_.name + ": " + partition.to_string() + " has no offset " +
                     count_text(offset) + " at the broker that was asked");
}

Status KafkaSource::acknowledge(const stream::Offset& to) {
  ASSIGN_OR_RETURN(Offsets offsets, parse_offsets(to));
  topics_.acknowledge(offsets);
  if (options_.group_id.empty()) return ok_status();
  (void)topics_.take_gone(offsets);
  ASSIGN_OR_RETURN(Client* const client, this->client());
  group_.store(offsets, *client);
  return ok_status();
}

Status KafkaSource::reach() {
  if (options_.group_id.empty()) return ok_status();
  ASSIGN_OR_RETURN(Client* const client, this->client());
  return check_group(*client, options_.group_id, service_.group_permission);
}

Result<stream::SourceLag> KafkaSource::lag(const std::optional<stream::Offset>& committed) {
  stream::SourceLag lag;
  if (!committed && !initial_) {
    lag.position = "not begun";
    return lag;
  }
  ASSIGN_OR_RETURN(Offsets begin, begin_of(committed));
  const Offsets gone = topics_.take_gone(begin);
  ASSIGN_OR_RETURN(Client* const client, this->client());
  // Of another topic of the same name, it would be a number without a meaning.
  BrokersTopics directory(*client);
  ASSIGN_OR_RETURN(lag.notice, topics_.check_identity(begin, directory));
  if (!lag.notice.empty()) {
    lag.position = position_text(begin, gone);
    return lag;
  }
  ASSIGN_OR_RETURN(const Offsets latest, client->list_offsets(all_at(begin, Start::kLatest)));
  // With the records of open transactions, which wait to be readable.
  Offsets written = latest;
  if (options_.isolation == Isolation::kReadCommitted) {
    std::vector<TopicPartition> partitions;
    for (const auto& [partition, offset] : begin) partitions.push_back(partition);
    if (const Result<Offsets> ends = high_watermarks(*client, partitions); ends.ok())
      written = *ends;
  }
  for (const std::string& said : open_transactions_.observe(latest, written, clock_.now())) {
    spdlog::warn("{}: {}", service_.name, said);
  }
  uint64_t behind = 0;
  for (const auto& [partition, offset] : begin) {
    const int64_t end = written.at(partition);
    behind += static_cast<uint64_t>(std::max<int64_t>(0, end - offset));
    lag.parts.push_back({partition.topic + "/" + std::to_string(partition.partition),
                         static_cast<uint64_t>(offset), static_cast<uint64_t>(end)});
  }
  lag.position = position_text(begin, gone);
  lag.records = behind;
  if (const auto bytes = consumers_->mean_record_bytes()) lag.bytes = behind * *bytes;
  return lag;
}

Result<std::string> KafkaSource::position(const stream::Offset& committed) {
  ASSIGN_OR_RETURN(Offsets offsets, parse_offsets(committed));
  const Offsets gone = topics_.take_gone(offsets);
  return position_text(offsets, gone);
}

}  // namespace lakeward::connectors::kafka
