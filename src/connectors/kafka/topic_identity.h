// Whether topics are still the ones that a checkpoint has read.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/source_log.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/topic_id.h"

namespace lakeward::connectors::kafka {

// Remembers the id of each topic in the source's folder of the checkpoint, when it first meets it:
// in a file topic-NAME, beside Spark's. A topic that was deleted and made anew under the same name
// has offsets that mean other records.
class TopicIdentity {
 public:
  // Whether a topic that is met for the first time is to be remembered.
  enum class New { kRemember, kPassOver };
  // kUntold: the brokers have no ids, do not answer, or do not know the topic yet.
  enum class Identity { kSame, kAnother, kUntold };
  struct Finding {
    Identity identity = Identity::kUntold;
    std::string known_id;  // what is remembered
    std::string id;        // what it is now
  };

  // Of each of the topics. Brokers that do not answer are left alone for a while. Errors: the
  // log's.
  Result<std::map<std::string, Finding>> check(Client& client,
                                               const std::vector<std::string>& topics,
                                               checkpoint::SourceLog& log,
                                               New new_ones = New::kRemember);
  // Whether it has met the topic. Errors: the log's.
  Result<bool> remembers(const std::string& topic, checkpoint::SourceLog& log) const;
  // The ids of the topics that it has met in this run.
  const fetch::TopicIds& ids() const { return ids_; }
  // From now on, the topic with this id is the one that is remembered. Errors: the log's.
  Status accept(const std::string& topic, const std::string& id, checkpoint::SourceLog& log);

 private:
  void keep(const std::string& topic, const std::string& text);
  // nullopt if the topic is to be passed over.
  Result<std::optional<std::string>> known_id(const std::string& topic, const std::string& id,
                                              checkpoint::SourceLog& log, New new_ones);

  std::optional<std::chrono::steady_clock::time_point> silent_;  // when they last did not tell
  std::chrono::seconds pause_{0};                                // and how long to leave them alone
  std::map<std::string, std::string> known_;                     // id by name
  fetch::TopicIds ids_;                                          // the same
};

// Corruption: the offsets of this topic mean other records than those that were read.
Status made_anew(const Service& service, const std::string& topic,
                 const TopicIdentity::Finding& finding, const checkpoint::SourceLog* log);

// What is to be done if a topic's offsets mean other records than those that were read. `log` may
// be null.
std::string how_to_start_over(const checkpoint::SourceLog* log);

}  // namespace lakeward::connectors::kafka
