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

void SourceTopics::attach(checkpoint::SourceLog& log, bool begun) {
  log_ = &log;
  begun_ = begun;
}

void SourceTopics::acknowledge(const Offsets& offsets) { acknowledged_ = topics_of(offsets); }

bool SourceTopics::contains(const TopicPartition& partition) const {
  return std::find(partitions_.begin(), partitions_.end(), partition) != partitions_.end();
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
  if (discovered_ && clock_.now() - *discovered_ < kDiscoverEvery) {
    return std::vector<std::string>();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> topics, names(read, client));
  const std::set<std::string> known = topics_of(read);
  std::vector<std::string> there;
  std::vector<TopicPartition> found;
  for (const std::string& topic : topics) {
    const Result<std::vector<int32_t>> numbers = client.partitions(topic);
    if (numbers.status().code() == StatusCode::kNotFound && known.contains(topic)) {
      RETURN_IF_ERROR(gone_.missing(topic, clock_.now(), *log_));
      continue;
    }
    RETURN_IF_ERROR(numbers.status());
    if (log_ != nullptr) RETURN_IF_ERROR(gone_.found(topic, *log_));
    there.push_back(topic);
    for (const int32_t number : *numbers) found.push_back({topic, number});
  }
  std::vector<std::string> begun;
  if (log_ != nullptr) {
    ASSIGN_OR_RETURN(begun, identify(there, known, client));
  }
  std::erase_if(found, [&](const auto& partition) { return renewed_.contains(partition.topic); });
  partitions_ = std::move(found);
  // What is to be left is soon, and the new topic can then be read at once.
  discovered_ = renewed_.empty() ? std::optional(clock_.now()) : std::nullopt;
  return begun;
}

bool SourceTopics::is_in_checkpoint(const std::string& topic) const {
  return acknowledged_ ? acknowledged_->contains(topic) : begun_;
}

Result<std::vector<std::string>> SourceTopics::identify(const std::vector<std::string>& there,
                                                        const std::set<std::string>& read,
                                                        Client& client) {
  std::vector<std::string> begun;
  ASSIGN_OR_RETURN(const auto renewals, identity_.check(client, there, *log_));
  if (!renewals) {
    // One whose offsets were left may not be taken for the old one again: it waits for an answer.
    for (const std::string& topic : there) {
      if (read.contains(topic) || is_in_checkpoint(topic)) continue;
      ASSIGN_OR_RETURN(const bool remembered, identity_.remembers(topic, *log_));
      if (remembered) renewed_.insert(topic);
    }
    return begun;
  }
  renewed_.clear();
  for (const TopicIdentity::Renewal& renewal : *renewals) {
    if (!read.contains(renewal.topic) && !is_in_checkpoint(renewal.topic)) {
      RETURN_IF_ERROR(identity_.accept(renewal, *log_));
      begun.push_back(renewal.topic);
    } else if (options_.on_lost_offsets == OnLostOffsets::kFail) {
      return made_anew(service_, renewal, log_);
    } else {
      renewed_.insert(renewal.topic);
    }
  }
  return begun;
}

Status SourceTopics::recall(const Offsets& offsets) {
  return log_ == nullptr ? ok_status() : gone_.recall(offsets, *log_);
}

Offsets SourceTopics::take_gone(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) {
    return gone_.contains(topic) || !subscription_.covers(topic);
  });
}

Offsets SourceTopics::take_lost(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) {
    return gone_.contains(topic) || renewed_.contains(topic);
  });
}

Offsets SourceTopics::take_renewed(Offsets& offsets) const {
  return take(offsets, [this](const std::string& topic) { return renewed_.contains(topic); });
}

Status SourceTopics::look_for_renewed(Offsets& offsets, Client& client) {
  if (log_ == nullptr) return ok_status();
  const std::set<std::string> topics = topics_of(offsets);
  ASSIGN_OR_RETURN(const auto renewals, identity_.check(client, {topics.begin(), topics.end()},
                                                        *log_, TopicIdentity::New::kPassOver));
  if (!renewals) return ok_status();
  for (const TopicIdentity::Renewal& renewal : *renewals) {
    if (options_.on_lost_offsets == OnLostOffsets::kFail) {
      return made_anew(service_, renewal, log_);
    }
    take(offsets, [&](const std::string& topic) { return topic == renewal.topic; });
  }
  return ok_status();
}

}  // namespace lakeward::connectors::kafka
