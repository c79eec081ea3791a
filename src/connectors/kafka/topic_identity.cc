#include "connectors/kafka/topic_identity.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "connectors/kafka/topic_facts.h"

namespace lakeward::connectors::kafka {
namespace {

// Between questions to brokers that do not answer, each of which may cost seconds: longer and
// longer.
constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::seconds kLongestPause{300};

// In the source's folder of the checkpoint.
std::string file_of(const std::string& topic) { return "topic-" + topic; }

}  // namespace

Result<std::map<std::string, TopicIdentity::Finding>> TopicIdentity::check(
    Client& client, const std::vector<std::string>& topics, checkpoint::SourceLog& log,
    New new_ones) {
  std::map<std::string, Finding> findings;
  for (const std::string& topic : topics) findings[topic] = {};
  const auto now = std::chrono::steady_clock::now();
  if (silent_ && now - *silent_ < pause_) return findings;
  const Result<std::vector<TopicFacts>> described = describe_topics(client, topics, false);
  if (!described.ok()) {
    pause_ = silent_ ? std::min(2 * pause_, kLongestPause) : kFirstPause;
    silent_ = now;
    spdlog::debug("{}: whether topics were made anew is not known: {}", client.service().name,
                  described.status().message());
    return findings;
  }
  silent_.reset();
  for (const TopicFacts& topic : *described) {
    if (topic.id.empty()) continue;
    ASSIGN_OR_RETURN(const auto known, known_id(topic.name, topic.id, log, new_ones));
    const bool is_same = !known || *known == topic.id;
    findings[topic.name] = {is_same ? Identity::kSame : Identity::kAnother,
                            known.value_or(topic.id), topic.id};
  }
  return findings;
}

Result<bool> TopicIdentity::remembers(const std::string& topic, checkpoint::SourceLog& log) const {
  if (known_.contains(topic)) return true;
  const Status kept = log.read_file(file_of(topic)).status();
  if (kept.code() == StatusCode::kNotFound) return false;
  RETURN_IF_ERROR(kept);
  return true;
}

Result<std::optional<std::string>> TopicIdentity::known_id(const std::string& topic,
                                                           const std::string& id,
                                                           checkpoint::SourceLog& log,
                                                           New new_ones) {
  if (const auto known = known_.find(topic); known != known_.end()) {
    return std::optional(known->second);
  }
  const Result<std::string> kept = log.read_file(file_of(topic));
  if (kept.status().code() == StatusCode::kNotFound) {
    if (new_ones == New::kPassOver) return std::optional<std::string>();
    RETURN_IF_ERROR(log.write_file(file_of(topic), id));
  } else {
    RETURN_IF_ERROR(kept.status());
  }
  keep(topic, kept.ok() ? *kept : id);
  return std::optional(known_.at(topic));
}

void TopicIdentity::keep(const std::string& topic, const std::string& text) {
  known_[topic] = text;
  if (auto id = fetch::parse_topic_id(text)) ids_.add(topic, std::move(*id));
}

Status TopicIdentity::accept(const std::string& topic, const std::string& id,
                             checkpoint::SourceLog& log) {
  known_.erase(topic);
  // A crash between these leaves it unknown, to be met for the first time.
  RETURN_IF_ERROR(log.remove_file(file_of(topic)));
  RETURN_IF_ERROR(log.write_file(file_of(topic), id));
  keep(topic, id);
  return ok_status();
}

Status made_anew(const Service& service, const std::string& topic,
                 const TopicIdentity::Finding& finding, const checkpoint::SourceLog* log) {
  return corruption(service.name + ": the " + service.topic + " '" + topic +
                    "' was deleted and made anew: the checkpoint has read one with the id " +
                    finding.known_id + ", and now it is " + finding.id +
                    ". Its offsets mean other records.\n  " + how_to_start_over(log));
}

std::string how_to_start_over(const checkpoint::SourceLog* log) {
  return "To read it from its beginning: stop the pipeline, remove the folder " +
         (log == nullptr ? "of its checkpoint" : log->checkpoint()) +
         ", and name another table in 'to', or accept that the rows are added to those that are "
         "there.";
}

}  // namespace lakeward::connectors::kafka
