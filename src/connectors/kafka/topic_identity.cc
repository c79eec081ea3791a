#include "connectors/kafka/topic_identity.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "connectors/kafka/topic_description.h"

namespace lakeward::connectors::kafka {
namespace {

// Between questions to brokers that do not answer, each of which may cost seconds: longer and
// longer.
constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::seconds kLongestPause{300};

}  // namespace

Status TopicIdentity::check(Client& client, const std::vector<std::string>& topics,
                            checkpoint::SourceLog& log, New new_ones) {
  const auto now = std::chrono::steady_clock::now();
  if (silent_ && now - *silent_ < pause_) return ok_status();
  const Result<std::vector<TopicDescription>> described = describe_topics(client, topics, false);
  if (!described.ok()) {
    pause_ = silent_ ? std::min(2 * pause_, kLongestPause) : kFirstPause;
    silent_ = now;
    spdlog::debug("{}: whether topics were made anew is not known: {}", client.service().name,
                  described.status().message());
    return ok_status();
  }
  silent_.reset();
  for (const TopicDescription& topic : *described) {
    if (topic.id.empty()) continue;
    RETURN_IF_ERROR(check(topic.name, topic.id, client.service(), log, new_ones));
  }
  return ok_status();
}

Status TopicIdentity::check(const std::string& topic, const std::string& id, const Service& service,
                            checkpoint::SourceLog& log, New new_ones) {
  auto known = known_.find(topic);
  if (known == known_.end()) {
    const std::string file = "topic-" + topic;
    const Result<std::string> kept = log.read_file(file);
    if (kept.status().code() == StatusCode::kNotFound) {
      if (new_ones == New::kPassOver) return ok_status();
      RETURN_IF_ERROR(log.write_file(file, id));
    } else {
      RETURN_IF_ERROR(kept.status());
    }
    known = known_.emplace(topic, kept.ok() ? *kept : id).first;
  }
  if (known->second == id) return ok_status();
  return corruption(service.name + ": the " + service.topic + " '" + topic +
                    "' was deleted and made anew: the checkpoint has read one with the id " +
                    known->second + ", and now it is " + id +
                    ". Its offsets mean other records.\n  " + how_to_start_over(&log));
}

std::string how_to_start_over(const checkpoint::SourceLog* log) {
  return "To read it from its beginning: stop the pipeline, remove the folder " +
         (log == nullptr ? "of its checkpoint" : log->checkpoint()) +
         ", and name another table in 'to', or accept that the rows are added to those that are "
         "there.";
}

}  // namespace lakeward::connectors::kafka
