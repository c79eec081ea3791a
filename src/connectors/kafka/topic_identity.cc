#include "connectors/kafka/topic_identity.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace lakeward::connectors::kafka {
namespace {

// Between questions to brokers that do not answer, each of which may cost seconds: longer and
// longer.
constexpr Duration kFirstPause = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::minutes(5);

// In the source's folder of the checkpoint.
std::string file_of(const std::string& topic) { return "topic-" + topic; }

}  // namespace

Status TopicIdentity::recall(const std::string& topic, checkpoint::SourceLog& log) {
  if (recalled_.contains(topic)) return ok_status();
  const Result<std::string> kept = log.read_file(file_of(topic));
  if (kept.status().code() != StatusCode::kNotFound) {
    RETURN_IF_ERROR(kept.status());
    const size_t line = kept->find('\n');
    keep(topic, {kept->substr(0, line), line == std::string::npos ? "" : kept->substr(line + 1)});
  }
  recalled_.insert(topic);
  return ok_status();
}

Result<std::map<std::string, TopicIdentity::Finding>> TopicIdentity::check(
    TopicDirectory& directory, const std::vector<std::string>& topics, Timestamp now,
    checkpoint::SourceLog& log) {
  std::map<std::string, Finding> findings;
  for (const std::string& topic : topics) {
    // Whether they are told or not: by these ids, records are asked for.
    RETURN_IF_ERROR(recall(topic, log));
    findings[topic] = {};
  }
  if (silent_ && now - *silent_ < pause_) return findings;
  const Result<std::vector<TopicFacts>> described = directory.describe(topics);
  if (!described.ok()) {
    pause_ = silent_ ? std::min(2 * pause_, kLongestPause) : kFirstPause;
    silent_ = now;
    spdlog::debug("whether topics were made anew is not known: {}", described.status().message());
    return findings;
  }
  silent_.reset();
  for (const TopicFacts& topic : *described) {
    if (topic.id.empty()) continue;
    const auto known = known_.find(topic.name);
    if (known == known_.end()) {
      findings[topic.name] = {Identity::kNew, "", topic.id};
      continue;
    }
    const Ids& ids = known->second;
    if (topic.id == ids.replaced) continue;
    findings[topic.name] = {topic.id == ids.id ? Identity::kSame : Identity::kAnother, ids.id,
                            topic.id};
  }
  return findings;
}

Result<bool> TopicIdentity::remembers(const std::string& topic, checkpoint::SourceLog& log) {
  RETURN_IF_ERROR(recall(topic, log));
  return known_.contains(topic);
}

void TopicIdentity::keep(const std::string& topic, const Ids& ids) {
  known_[topic] = ids;
  if (auto bytes = fetch::parse_topic_id(ids.id)) ids_.add(topic, std::move(*bytes));
}

Status TopicIdentity::rewrite(const std::string& topic, const Ids& ids,
                              checkpoint::SourceLog& log) {
  // If it fails, it may have been done all the same.
  recalled_.erase(topic);
  known_.erase(topic);
  RETURN_IF_ERROR(log.replace_file(file_of(topic),
                                   ids.replaced.empty() ? ids.id : ids.id + "\n" + ids.replaced));
  recalled_.insert(topic);
  keep(topic, ids);
  return ok_status();
}

Status TopicIdentity::note_replaced(const std::string& topic, checkpoint::SourceLog& log) {
  const auto known = known_.find(topic);
  if (known == known_.end() || known->second.replaced == known->second.id) return ok_status();
  const std::string id = known->second.id;
  return rewrite(topic, {id, id}, log);
}

Status TopicIdentity::accept(const std::string& topic, const std::string& id, bool is_replaced,
                             checkpoint::SourceLog& log) {
  const auto known = known_.find(topic);
  const Ids before = known == known_.end() ? Ids() : known->second;
  return rewrite(topic, {id, is_replaced ? before.id : before.replaced}, log);
}

std::string made_anew(const Service& service, const std::string& topic,
                      const TopicIdentity::Finding& finding) {
  return service.name + ": the " + service.topic + " '" + topic +
         "' was deleted and made anew: the checkpoint has read one with the id " +
         finding.known_id + ", and now it is " + finding.id + ". Its offsets mean other records.";
}

std::string how_to_start_over(const checkpoint::SourceLog* log) {
  return "To read it from its beginning: stop the pipeline, remove the folder " +
         (log == nullptr ? "of its checkpoint" : log->checkpoint()) +
         ", and name another table in 'to', or accept that the rows are added to those that are "
         "there.";
}

}  // namespace lakeward::connectors::kafka
