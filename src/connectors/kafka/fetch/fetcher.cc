#include "connectors/kafka/fetch/fetcher.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{50};
constexpr milliseconds kLongestBackoff{1'000};
// How soon it is asked again who leads a partition.
constexpr milliseconds kLeadersBackoff{200};
// A partition's part of an answer is not asked to be smaller: what producers send at once.
constexpr size_t kLeastShare = 16 << 10;
// What is fetched may hold so many times its own size: answers are kept whole until the partitions
// in them have been read, one of which may be read later than the others.
constexpr size_t kMemoryPerByte = 2;

// Kafka protocol guide, "Error Codes": the id is none of a topic that is there, or its topic's no
// more.
bool has_another_id(int16_t error) { return error == 100 || error == 103; }

bool has_another_leader(int16_t error) {
  if (has_another_id(error)) return true;
  switch (static_cast<rd_kafka_resp_err_t>(error)) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
      return true;
    default:
      return false;
  }
}

// Brokers before 4.0 give a topic with `compression.type=zstd` only to those who ask by version 10
// or above (KIP-110).
bool is_for_later_versions(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE ||
         error == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION;
}

}  // namespace

struct Fetcher::Partition {
  TopicPartition name;
  int64_t next = 0;
  Link* leader = nullptr;
  bool over = false;  // after a failure
  std::optional<Clock::time_point> unknown_id_since;
  EpochGuard guard;
  Link* witness = nullptr;  // while there is a doubt: who sent what is in doubt, and is asked
  Queue queue;
};

struct Fetcher::Link {
  Link(BrokerAddress address, const FetcherOptions& options, AnswerMemory& memory)
      : connection(std::move(address), options.client_id, options.security, memory) {}
  Connection connection;
  Clock::time_point next_try{};
  milliseconds backoff{0};
  int32_t correlation = 0;
  bool asked_epochs = false;  // by the last question; else records
  bool asked_by_id = false;   // which then are of topics named by their ids
  bool redirects = false;     // it names others to ask, if asked by a version that knows of that
  size_t turn = 0;            // who comes first: an answer may be full before the last ones
};

Fetcher::Fetcher(const Offsets& from, FetcherOptions options,
                 std::function<Result<Leaders>()> find_leaders, Bell& bell, Events& events)
    : options_(std::move(options)),
      share_bytes_(std::max(kLeastShare, options_.ahead_bytes / std::max<size_t>(1, from.size()))),
      budget_(std::make_shared<FetchBudget>(kMemoryPerByte * options_.ahead_bytes)),
      find_leaders_(std::move(find_leaders)),
      bell_(bell),
      events_(events),
      leaders_due_(Clock::now()) {
  options_.fetch.partition_bytes = static_cast<int32_t>(
      std::min(share_bytes_, static_cast<size_t>(options_.fetch.partition_bytes)));
  for (const auto& [name, offset] : from) {
    auto partition = std::make_unique<Partition>();
    partition->name = name;
    partition->next = offset;
    partition->guard = EpochGuard(options_.epochs->of(name));
    partition->queue.fetcher_ = this;
    partitions_.emplace(name, std::move(partition));
  }
  thread_ = std::thread([this] { run(); });
}

Fetcher::~Fetcher() {
  stopping_ = true;
  budget_->wake();
  thread_.join();
}

Fetcher::Queue& Fetcher::queue(const TopicPartition& partition) {
  return partitions_.at(partition)->queue;
}

bool Fetcher::Queue::has_share() const {
  return bytes_.load(std::memory_order_relaxed) >= fetcher_->share_bytes_;
}

std::optional<Fetched> Fetcher::Queue::pop() {
  std::optional<Fetched> fetched;
  bool makes_room = false;
  {
    const std::lock_guard lock(mutex_);
    if (fetched_.empty()) return fetched;
    fetched = std::move(fetched_.front());
    fetched_.pop_front();
    size_.store(fetched_.size(), std::memory_order_release);
    const bool had_share = has_share();
    bytes_ -= fetched->bytes;
    makes_room = (had_share && !has_share()) || (fetched_.empty() && fetcher_->budget_->is_full());
  }
  if (makes_room) fetcher_->budget_->wake();
  return fetched;
}

void Fetcher::Queue::push(Fetched fetched) {
  const std::lock_guard lock(mutex_);
  bytes_ += fetched.bytes;
  fetched_.push_back(std::move(fetched));
  size_.store(fetched_.size(), std::memory_order_release);
}

void Fetcher::Queue::replace(Fetched fetched) {
  {
    const std::lock_guard lock(mutex_);
    fetched_.clear();
    bytes_ = 0;
  }
  push(std::move(fetched));
}

void Fetcher::run() {
  while (!stopping_) {
    if (leaders_due_ && Clock::now() >= *leaders_due_) find_leaders();
    for (const std::unique_ptr<Link>& link : links_) ask(*link);
    wait();
  }
}

void Fetcher::find_leaders() {
  leaders_due_.reset();
  const Result<Leaders> leaders = find_leaders_();
  if (!leaders.ok()) {  // the client's events tell it too
    leaders_due_ = Clock::now() + kLeadersBackoff;
    return;
  }
  for (const auto& [name, partition] : partitions_) {
    const auto leader = leaders->find(name);
    partition->leader = leader == leaders->end() ? nullptr : &link_to(leader->second);
    if (partition->leader == nullptr) leaders_due_ = Clock::now() + kLeadersBackoff;
  }
}

Fetcher::Link& Fetcher::link_to(const BrokerAddress& address) {
  for (const std::unique_ptr<Link>& link : links_) {
    if (link->connection.address() == address) return *link;
  }
  links_.push_back(std::make_unique<Link>(address, options_, memory_));
  return *links_.back();
}

// Asks the broker for all partitions that may have more, if it is not busy. Doubts come first.
void Fetcher::ask(Link& link) {
  std::vector<FetchPosition> positions;
  std::vector<EpochQuestion> doubts;
  for (const auto& [name, partition] : partitions_) {
    if (partition->over) continue;
    if (partition->guard.in_doubt()) {
      if (partition->witness == &link) doubts.push_back({name, partition->guard.epoch()});
      continue;
    }
    if (partition->leader != &link) continue;
    const bool may_have_more = !partition->queue.has_share() && !budget_->is_full();
    if (!may_have_more && !partition->queue.empty()) continue;
    positions.push_back({name, partition->next});
  }
  if (positions.empty() && doubts.empty()) return;
  if (link.connection.is_idle() && Clock::now() >= link.connection.expires()) {
    link.connection.close();
  }
  if (!link.connection.is_open()) {
    if (Clock::now() < link.next_try) return;
    const Status opened = link.connection.open();
    if (!opened.ok()) fail(link, opened);
    return;
  }
  if (!link.connection.is_idle()) return;
  link.correlation = ++correlation_;
  link.asked_epochs = !doubts.empty();
  std::string question;
  if (link.asked_epochs) {
    question = epoch_request(link.correlation, options_.client_id, doubts);
  } else {
    choose(link, positions);
    question = fetch_request(link.correlation, options_.client_id, positions, options_.fetch,
                             link.asked_by_id ? &options_.ids : nullptr);
  }
  const Status asked = link.connection.ask(std::move(question));
  if (!asked.ok()) fail(link, asked);
}

void Fetcher::choose(Link& link, std::vector<FetchPosition>& positions) {
  const auto by_id = [&](const FetchPosition& position) {
    return options_.ids.id_of(position.partition.topic) != nullptr;
  };
  const bool can = link.connection.has(kFetchApi, kFetchByIdVersion) && !link.redirects;
  const auto count = std::count_if(positions.begin(), positions.end(), by_id);
  if (count > 0 && !can) *options_.asked_by_name = true;
  const bool mixed = count > 0 && count < static_cast<ptrdiff_t>(positions.size());
  link.asked_by_id = can && count > 0 && (!mixed || !link.asked_by_id);
  if (can && mixed) {
    std::erase_if(positions, [&](const FetchPosition& position) {
      return by_id(position) != link.asked_by_id;
    });
  }
  std::rotate(positions.begin(),
              positions.begin() + static_cast<ptrdiff_t>(link.turn++ % positions.size()),
              positions.end());
}

void Fetcher::wait() {
  std::vector<pollfd> waiting = {{budget_->descriptor(), POLLIN, 0}};
  std::vector<Link*> links;
  const Clock::time_point now = Clock::now();
  auto until = now + options_.patience;
  if (leaders_due_) until = std::min(until, *leaders_due_);
  for (const std::unique_ptr<Link>& link : links_) {
    if (!link->connection.is_open()) {
      if (link->next_try > now) until = std::min(until, link->next_try);
      continue;
    }
    if (!link->connection.is_idle()) {
      until = std::min(until, link->connection.since() + options_.patience);
    }
    waiting.push_back({link->connection.descriptor(), link->connection.events(), 0});
    links.push_back(link.get());
  }
  const auto rest = std::chrono::ceil<milliseconds>(until - now).count();
  ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<int64_t>(0, rest)));
  if (waiting[0].revents != 0) budget_->clear_wakes();
  for (size_t i = 0; i < links.size(); ++i) {
    if (waiting[i + 1].revents != 0) proceed(*links[i]);
    watch(*links[i]);
  }
}

// Gives a broker up that says nothing.
void Fetcher::watch(Link& link) {
  Connection& connection = link.connection;
  if (!connection.is_open() || connection.is_idle()) return;
  if (Clock::now() < connection.since() + options_.patience) return;
  connection.close();
  fail(link, unavailable(connection.address().host + ": no answer for " +
                         std::to_string(options_.patience.count() / 1'000) + " s"));
}

void Fetcher::proceed(Link& link) {
  const Result<std::optional<Answer>> answer = link.connection.proceed();
  if (!answer.ok()) return fail(link, answer.status());
  if (*answer) deliver(link, **answer);
}

void Fetcher::deliver(Link& link, const Answer& answer) {
  const Status delivered =
      link.asked_epochs ? deliver_epochs(link, answer) : deliver_records(link, answer);
  if (!delivered.ok()) {
    link.connection.close();
    return fail(link, delivered);
  }
  link.backoff = milliseconds{0};
  bell_.ring();
}

Status Fetcher::deliver_records(Link& link, const Answer& answer) {
  ASSIGN_OR_RETURN(std::vector<FetchedPartition> fetched,
                   parse_fetch_response(answer.text, link.correlation,
                                        link.asked_by_id ? &options_.ids : nullptr));
  AnswerKeeper keeper(budget_, answer);
  for (FetchedPartition& one : fetched) {
    const auto partition = partitions_.find(one.partition);
    if (partition == partitions_.end()) continue;
    deliver(*partition->second, link, keeper, one);
  }
  return ok_status();
}

Status Fetcher::deliver_epochs(Link& link, const Answer& answer) {
  ASSIGN_OR_RETURN(const std::vector<EpochEnd> ends,
                   parse_epoch_response(answer.text, link.correlation));
  for (const EpochEnd& end : ends) {
    const auto partition = partitions_.find(end.partition);
    if (partition != partitions_.end() && partition->second->witness == &link) {
      deliver(*partition->second, end);
    }
  }
  return ok_status();
}

void Fetcher::look_for_leader(Partition& partition) {
  partition.leader = nullptr;
  leaders_due_ = Clock::now() + kLeadersBackoff;
}

// Whether it is one.
bool Fetcher::deliver_error(Partition& partition, int16_t number) {
  const auto error = static_cast<rd_kafka_resp_err_t>(number);
  if (!has_another_id(number)) partition.unknown_id_since.reset();
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  if (has_another_id(number)) {
    const Clock::time_point now = Clock::now();
    if (!partition.unknown_id_since) partition.unknown_id_since = now;
    if (now - *partition.unknown_id_since >= options_.id_patience) {
      give_up(partition, unavailable("the brokers do not know the topic with the id that it had: "
                                     "it was deleted, or made anew"));
      return true;
    }
  }
  if (has_another_leader(number)) {
    const char* const text = has_another_id(number) ? "the broker does not know the topic's id"
                                                    : rd_kafka_err2str(error);
    events_.add(error, (partition.name.to_string() + ": " + text).c_str());
    look_for_leader(partition);
    return true;
  }
  give_up(partition,
          is_for_later_versions(error)
              ? unsupported(rd_kafka_err2str(error))
              : kafka_status(error, rd_kafka_err2str(error), options_.service),
          error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  return true;
}

void Fetcher::give_up(Partition& partition, Status status, bool lost) {
  Fetched failed;
  failed.failure = std::move(status);
  failed.lost = lost;
  has_failed_.store(true, std::memory_order_release);
  partition.over = true;
  partition.queue.push(std::move(failed));
}

void Fetcher::deliver(Partition& partition, const EpochEnd& end) {
  partition.witness = nullptr;
  if (deliver_error(partition, end.error)) return partition.guard.withdraw();
  Fetched diverged;
  diverged.divergence = Divergence{partition.guard.epoch(), end.offset};
  switch (partition.guard.judge(end.offset, partition.next, Clock::now(), options_.patience)) {
    case EpochGuard::Verdict::kGoOn:
      options_.epochs->note(partition.name, partition.guard.epoch());
      return;
    case EpochGuard::Verdict::kFetchAgain:
      return look_for_leader(partition);
    case EpochGuard::Verdict::kUnknown:
      diverged.divergence->end = -1;
      break;
    case EpochGuard::Verdict::kTruncated:
      break;
  }
  partition.over = true;
  partition.queue.replace(std::move(diverged));
}

void Fetcher::deliver(Partition& partition, Link& link, AnswerKeeper& keeper,
                      FetchedPartition& fetched) {
  // Once there is a doubt, an answer to an older question changes nothing.
  if (partition.over || partition.guard.in_doubt()) return;
  if (deliver_error(partition, fetched.error)) return;
  // Brokers with a replica selector of their own send no records then (KIP-392).
  if (fetched.has_preferred_replica && fetched.records.empty()) link.redirects = true;
  const auto cut = [&] {
    const bool may_ask = link.connection.has(kEpochApi, kEpochVersion);
    return whole_batches(fetched.records, partition.next,
                         may_ask ? std::optional(partition.guard.epoch()) : std::nullopt);
  };
  WholeBatches whole = cut();
  while (whole.other_epoch && partition.guard.admits(*whole.other_epoch)) {
    options_.epochs->note(partition.name, partition.guard.epoch());
    whole = cut();
  }
  if (whole.other_epoch) {
    partition.witness = &link;
  } else {
    partition.guard.reassure();
  }
  if (whole.bytes.empty()) return;
  partition.next = whole.next_offset;
  KeptPiece kept = keeper.keep(whole.bytes);
  Fetched records;
  records.bytes = whole.bytes.size();
  records.records = RecordSetReader(std::move(kept.owner), kept.bytes, std::move(fetched.aborted));
  partition.queue.push(std::move(records));
}

void Fetcher::fail(Link& link, const Status& status) {
  for (const auto& [name, partition] : partitions_) {
    if (partition->witness != &link) continue;
    partition->witness = nullptr;  // the records are asked for again
    partition->guard.withdraw();
  }
  if (status.code() == StatusCode::kUnsupported) return leave_to_others(link, status);
  link.backoff = std::clamp(link.backoff * 2, kFirstBackoff, kLongestBackoff);
  link.next_try = Clock::now() + link.backoff;
  leaders_due_ = link.next_try;
  const bool refused = status.code() == StatusCode::kInvalidArgument;
  events_.add(refused ? RD_KAFKA_RESP_ERR__AUTHENTICATION : RD_KAFKA_RESP_ERR__TRANSPORT,
              status.message().c_str());
  const bool any_open = std::any_of(links_.begin(), links_.end(),
                                    [](const auto& one) { return one->connection.is_open(); });
  if (!any_open) events_.add(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "");
  bell_.ring();
}

// The broker's partitions cannot be read in this way.
void Fetcher::leave_to_others(Link& link, const Status& status) {
  for (const auto& [name, partition] : partitions_) {
    if (partition->leader != &link || partition->over) continue;
    give_up(*partition, status);
  }
  bell_.ring();
}

}  // namespace lakeward::connectors::kafka::fetch
