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

Status TopicIdentity::recall(const std::string& topic, checkpoint::SourceLog& log) {
  if (recalled_.contains(topic)) return ok_status();
  const Result<std::string> kept = log.read_file(file_of(topic));
  if (kept.status().code() != StatusCode::kNotFound) {
    RETURN_IF_ERROR(kept.status());
    const size_t line = kept->find('\n');
    keep(topic, kept->substr(0, line), line == std::string::npos ? "" : kept->substr(line + 1));
  }
  recalled_.insert(topic);
  return ok_status();
}

Result<std::map<std::string, TopicIdentity::Finding>> TopicIdentity::check(
    Client& client, const std::vector<std::string>& topics, checkpoint::SourceLog& log) {
  std::map<std::string, Finding> findings;
  for (const std::string& topic : topics) {
    // Whether they are told or not: by these ids, records are asked for.
    RETURN_IF_ERROR(recall(topic, log));
    findings[topic] = {};
  }
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
    const auto replaced = replaced_.find(topic.name);
    if (topic.id.empty() || (replaced != replaced_.end() && replaced->second == topic.id)) continue;
    const auto known = known_.find(topic.name);
    if (known == known_.end()) {
      findings[topic.name] = {Identity::kNew, "", topic.id};
    } else {
      const bool is_same = known->second == topic.id;
      findings[topic.name] = {is_same ? Identity::kSame : Identity::kAnother, known->second,
                              topic.id};
    }
  }
  return findings;
}

Result<bool> TopicIdentity::remembers(const std::string& topic, checkpoint::SourceLog& log) {
  RETURN_IF_ERROR(recall(topic, log));
  return known_.contains(topic);
}

void TopicIdentity::keep(const std::string& topic, const std::string& id,
                         const std::string& replaced) {
  known_[topic] = id;
  if (replaced.empty()) {
    replaced_.erase(topic);
  } else {
    replaced_[topic] = replaced;
  }
  if (auto bytes = fetch::parse_topic_id(id)) ids_.add(topic, std::move(*bytes));
}

Status TopicIdentity::rewrite(const std::string& topic, const std::string& id,
                              const std::string& replaced, checkpoint::SourceLog& log) {
  if (known_.erase(topic) > 0) {
    recalled_.erase(topic);  // if what follows fails
    // A crash between these leaves it unknown, to be met for the first time.
    RETURN_IF_ERROR(log.remove_file(file_of(topic)));
  }
  RETURN_IF_ERROR(log.write_file(file_of(topic), replaced.empty() ? id : id + "\n" + replaced));
  recalled_.insert(topic);
  keep(topic, id, replaced);
  return ok_status();
}

Status TopicIdentity::note_replaced(const std::string& topic, checkpoint::SourceLog& log) {
  const auto known = known_.find(topic);
  if (known == known_.end()) return ok_status();
  const std::string id = known->second;
  const auto replaced = replaced_.find(topic);
  if (replaced != replaced_.end() && replaced->second == id) return ok_status();
  return rewrite(topic, id, id, log);
}

Status TopicIdentity::accept(const std::string& topic, const std::string& id,
                             checkpoint::SourceLog& log) {
  const auto known = known_.find(topic);
  return rewrite(topic, id, known == known_.end() ? "" : known->second, log);
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
