#include "connectors/kafka/source_topics.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace lakeward::connectors::kafka {
namespace {

// How soon a new partition is seen.
constexpr Duration kDiscoverEvery{5'000'000};

template <typename IsWanted>
Offsets take(Offsets& offsets, IsWanted is_wanted) {
  Offsets taken;
  for (auto it = offsets.begin(); it != offsets.end();) {
    const bool is = is_wanted(it->first.topic);
    if (is) taken.insert(*it);
    it = is ? offsets.erase(it) : std::next(it);
  }
  return taken;
}

std::set<std::string> topics_of(const Offsets& offsets) {
  std::set<std::string> topics;
  for (const auto& [partition, offset] : offsets) topics.insert(partition.topic);
  return topics;
}

}  // namespace

void SourceTopics::acknowledge(const Offsets& offsets) { acknowledged_ = topics_of(offsets); }

bool SourceTopics::contains(const TopicPartition& partition) const {
  return std::binary_search(partitions_.begin(), partitions_.end(), partition);
}

Result<std::vector<std::string>> SourceTopics::names(const Offsets& read, Client& client) const {
  if (!subscription_.is_pattern()) return subscription_.topics();
  ASSIGN_OR_RETURN(std::vector<std::string> topics, client.topics());
  std::erase_if(topics, [&](const std::string& topic) { return !subscription_.covers(topic); });
  // Those that were read are not forgotten: whether they are gone is seen by asking for them.
  for (const std::string& topic : topics_of(read)) {
    if (subscription_.covers(topic)) topics.push_back(topic);
  }
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  if (topics.empty()) {
    return not_found(service_.name + ": no topic matches '" + subscription_.pattern() +
                     "'; create one, or correct 'topic_pattern' or 'brokers'");
  }
  return topics;
}

Result<std::vector<std::string>> SourceTopics::discover(const Offsets& read, Client& client) {
  std::vector<std::string> renewed;
  if (discovered_ && clock_.now() - *discovered_ < kDiscoverEvery) return renewed;
  ASSIGN_OR_RETURN(const std::vector<std::string> topics, names(read, client));
  const std::set<std::string> known = topics_of(read);
  std::vector<std::string> there;
  std::map<std::string, std::vector<int32_t>> found;
  Status waiting;  // for one of those that are missing: meanwhile the others are looked at
  for (const std::string& topic : topics) {
    RETURN_IF_ERROR(recall(topic));
    Result<std::vector<int32_t>> numbers = client.partitions(topic);
    if (numbers.ok()) {
      there.push_back(topic);
      found[topic] = std::move(*numbers);
      continue;
    }
    if (numbers.status().code() != StatusCode::kNotFound) return numbers.status();
    const Status missing = check_missing(topic, numbers.status(), known.contains(topic));
    if (!missing.ok() && !missing.retriable()) return missing;
    if (waiting.ok()) waiting = missing;
  }
  RETURN_IF_ERROR(waiting);
  if (log_ != nullptr) {
    renewed_.clear();
    ASSIGN_OR_RETURN(const auto findings, identity_.check(client, there, *log_));
    for (const auto& [topic, finding] : findings) {
      ASSIGN_OR_RETURN(const bool is_read, admit(topic, finding, known.contains(topic), renewed));
      if (!is_read) found.erase(topic);
    }
  }
  partitions_.clear();
  for (const auto& [topic, numbers] : found) {
    for (const int32_t number : numbers) partitions_.push_back({topic, number});
  }
  // What is left now can be read at once when that is committed.
  discovered_ = renewed_.empty() ? std::optional(clock_.now()) : std::nullopt;
  return renewed;
}

Status SourceTopics::check_missing(const std::string& topic, const Status& unknown, bool was_read) {
  if (log_ == nullptr) return unknown;
  bool was_met = was_read || gone_.contains(topic);
  if (!was_met) {
    ASSIGN_OR_RETURN(was_met, identity_.remembers(topic, *log_));
  }
  return was_met ? gone_.missing(topic, clock_.now(), *log_) : unknown;
}

Status SourceTopics::leave_unnamed(const Offsets& read) {
  if (log_ == nullptr) return ok_status();
  for (const std::string& topic : topics_of(read)) {
    if (!subscription_.covers(topic)) RETURN_IF_ERROR(gone_.leave(topic, *log_));
  }
  return ok_status();
}

Result<bool> SourceTopics::admit(const std::string& topic, const TopicIdentity::Finding& finding,
                                 bool was_read, std::vector<std::string>& renewed) {
  const bool is_gone = gone_.contains(topic);
  if (finding.identity == TopicIdentity::Identity::kAnother) {
    // Its old offsets are in the checkpoint, or may be again.
    const bool has_offsets = was_read || (acknowledged_ && acknowledged_->contains(topic));
    if (has_offsets && !is_gone) return made_anew(service_, topic, finding, log_);
    if (has_offsets) {
      renewed_.insert(topic);
      return false;
    }
    RETURN_IF_ERROR(identity_.accept(topic, finding.id, *log_));
    renewed.push_back(topic);
  } else if (finding.identity == TopicIdentity::Identity::kUntold && is_gone) {
    // Brokers that have told an id will do so again.
    ASSIGN_OR_RETURN(const bool has_id, identity_.remembers(topic, *log_));
    if (has_id) return false;
  }
  RETURN_IF_ERROR(gone_.found(topic, *log_));
  return true;
}

Status SourceTopics::recall(const std::string& topic) {
  return log_ == nullptr ? ok_status() : gone_.recall(topic, *log_);
}

Status SourceTopics::recall(const Offsets& offsets) {
  for (const std::string& topic : topics_of(offsets)) RETURN_IF_ERROR(recall(topic));
  return ok_status();
}

Offsets SourceTopics::take_gone(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) {
    return gone_.contains(topic) || !subscription_.covers(topic);
  });
}

Offsets SourceTopics::take_unreadable(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) { return gone_.contains(topic); });
}

Offsets SourceTopics::take_renewed(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) { return renewed_.contains(topic); });
}

Status SourceTopics::check_identity(const Offsets& offsets, Client& client) {
  if (log_ == nullptr) return ok_status();
  const std::set<std::string> topics = topics_of(offsets);
  ASSIGN_OR_RETURN(const auto findings, identity_.check(client, {topics.begin(), topics.end()},
                                                        *log_, TopicIdentity::New::kPassOver));
  for (const auto& [topic, finding] : findings) {
    if (finding.identity == TopicIdentity::Identity::kAnother) {
      return made_anew(service_, topic, finding, log_);
    }
  }
  return ok_status();
}

}  // namespace lakeward::connectors::kafka
