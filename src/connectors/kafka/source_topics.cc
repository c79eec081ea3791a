#include "connectors/kafka/source_topics.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace lakeward::connectors::kafka {
namespace {

// How soon a new partition is seen.
constexpr Duration kDiscoverEvery{5'000'000};
// In the source's folder of the checkpoint: records were asked for by their topic's name.
constexpr const char* kAskedByName = "asked-by-name";

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

Result<std::vector<std::string>> SourceTopics::names(const Offsets& read,
                                                     TopicDirectory& directory) const {
  std::vector<std::string> topics;
  if (subscription_.is_pattern()) {
    ASSIGN_OR_RETURN(topics, directory.topics());
    std::erase_if(topics, [&](const std::string& topic) { return !subscription_.covers(topic); });
  } else {
    topics = subscription_.topics();
  }
  // Those that were read are not forgotten: whether they are gone is seen by asking for them. Of
  // those that are named no more, an epoch that is repeated may have some.
  for (const std::string& topic : topics_of(read)) {
    if (subscription_.covers(topic) || !gone_.contains(topic)) topics.push_back(topic);
  }
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  if (topics.empty()) {
    return not_found(service_.name + ": no topic matches '" + subscription_.pattern() +
                     "'; create one, or correct 'topic_pattern' or 'brokers'");
  }
  return topics;
}

Status SourceTopics::remember_asked_by_name(bool now) {
  if (log_ == nullptr || asked_by_name_ == true) return ok_status();
  if (!asked_by_name_) {
    const Status noted = log_->read_file(kAskedByName).status();
    if (!noted.ok() && noted.code() != StatusCode::kNotFound) return noted;
    asked_by_name_ = noted.ok();
  }
  if (!now || *asked_by_name_) return ok_status();
  const Status noted = log_->write_file(kAskedByName, "");
  if (!noted.ok() && noted.code() != StatusCode::kAlreadyExists) return noted;
  asked_by_name_ = true;
  return ok_status();
}

Status SourceTopics::discover(const Offsets& read, TopicDirectory& directory, bool asked_by_name) {
  RETURN_IF_ERROR(remember_asked_by_name(asked_by_name));
  if (discovered_ && clock_.now() - *discovered_ < kDiscoverEvery) return ok_status();
  ASSIGN_OR_RETURN(const std::vector<std::string> topics, names(read, directory));
  const std::set<std::string> known = topics_of(read);
  std::vector<std::string> there;
  std::map<std::string, std::vector<int32_t>> found;
  Status waiting;  // for one of them: meanwhile the others are looked at
  const auto wait_for = [&](const Status& status) {
    if (status.ok() || !status.retriable()) return status;
    if (waiting.ok()) waiting = status;
    return ok_status();
  };
  for (const std::string& topic : topics) {
    RETURN_IF_ERROR(recall(topic));
    Result<std::vector<int32_t>> numbers = directory.partitions(topic);
    if (numbers.ok()) {
      there.push_back(topic);
      found[topic] = std::move(*numbers);
      continue;
    }
    if (numbers.status().code() != StatusCode::kNotFound) return numbers.status();
    RETURN_IF_ERROR(wait_for(check_missing(topic, numbers.status(), known.contains(topic))));
  }
  if (log_ != nullptr) {
    renewed_.clear();
    ASSIGN_OR_RETURN(const auto findings, identity_.check(directory, there, clock_.now(), *log_));
    for (const auto& [topic, finding] : findings) {
      const Result<bool> is_read = admit(topic, finding, known.contains(topic));
      RETURN_IF_ERROR(wait_for(is_read.status()));
      if (!is_read.ok() || !*is_read) found.erase(topic);
    }
  }
  RETURN_IF_ERROR(waiting);
  partitions_.clear();
  for (const auto& [topic, numbers] : found) {
    if (!subscription_.covers(topic)) continue;
    for (const int32_t number : numbers) partitions_.push_back({topic, number});
  }
  // What is left now can be read at once when that is committed.
  discovered_ = renewed_.empty() ? std::optional(clock_.now()) : std::nullopt;
  return ok_status();
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
                                 bool was_read) {
  using Identity = TopicIdentity::Identity;
  // Its old offsets are in the checkpoint, or may be again.
  const bool has_offsets = was_read || (acknowledged_ && acknowledged_->contains(topic));
  if (finding.identity == Identity::kAnother && has_offsets) {
    RETURN_IF_ERROR(leave_replaced(topic, finding));
  }
  const bool is_gone = gone_.contains(topic);
  // One that was gone, and of which no id is remembered, was most likely made anew.
  const bool is_another =
      finding.identity == Identity::kAnother || (finding.identity == Identity::kNew && is_gone);
  if (is_another && has_offsets) {
    RETURN_IF_ERROR(identity_.note_replaced(topic, *log_));
    renewed_.insert(topic);
    return false;
  }
  if (finding.identity == Identity::kUntold && is_gone) {
    // Brokers that have told an id will do so again.
    ASSIGN_OR_RETURN(const bool has_id, identity_.remembers(topic, *log_));
    if (has_id) return false;
    spdlog::warn(
        "{}: the {} '{}' is there again; whether it was made anew, these brokers do not "
        "tell: it is read on where it was left",
        service_.name, service_.topic, topic);
  }
  if (is_another || finding.identity == Identity::kNew) {
    // Of one that was gone, an epoch has left the offsets: that was believed after some time.
    RETURN_IF_ERROR(identity_.accept(topic, finding.id, is_gone, *log_));
  }
  if (is_another) begun_anew_.push_back(topic);
  RETURN_IF_ERROR(gone_.found(topic, *log_));
  return true;
}

std::string SourceTopics::advice() const {
  std::string text;
  if (asked_by_name_ == true) {
    text =
        "\n  Some of them may have been read as the old one's: records were asked for by the "
        "topic's name (of brokers before Kafka 3.1, or with 'properties' for librdkafka).";
  } else if (!may_lose_) {
    text =
        "\n  To go on with it from its beginning: set on_lost_offsets: earliest. The rows of "
        "the old one stay in the table.";
  }
  return text + "\n  " + how_to_start_over(log_);
}

Status SourceTopics::leave_replaced(const std::string& topic,
                                    const TopicIdentity::Finding& finding) {
  return gone_.replaced(topic, made_anew(service_, topic, finding), advice(),
                        asked_by_name_ != true, clock_.now(), *log_);
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

Result<std::string> SourceTopics::check_identity(const Offsets& offsets,
                                                 TopicDirectory& directory) {
  if (log_ == nullptr) return std::string();
  RETURN_IF_ERROR(remember_asked_by_name(false));
  const std::set<std::string> topics = topics_of(offsets);
  ASSIGN_OR_RETURN(const auto findings,
                   identity_.check(directory, {topics.begin(), topics.end()}, clock_.now(), *log_));
  std::string notice;
  for (const auto& [topic, finding] : findings) {
    if (finding.identity != TopicIdentity::Identity::kAnother) continue;
    const std::string what = made_anew(service_, topic, finding);
    if (!may_lose_ || asked_by_name_ == true) return corruption(what + advice());
    notice +=
        (notice.empty() ? "" : "\n") + what + " The pipeline goes on with it from its beginning.";
  }
  return notice;
}

}  // namespace lakeward::connectors::kafka
