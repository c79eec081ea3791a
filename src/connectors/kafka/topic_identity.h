// Whether topics are still the ones that a checkpoint has read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/source_log.h"
#include "connectors/kafka/fetch/topic_id.h"
#include "connectors/kafka/service.h"
#include "connectors/kafka/topic_directory.h"

namespace lakeward::connectors::kafka {

// Knows the id that each topic had, from the source's folder of the checkpoint: files topic-NAME,
// beside Spark's, with the id in the first line. A topic that was deleted and made anew under the
// same name has offsets that mean other records. The second line, if there is one, is the id that
// was replaced: it never comes back, but a broker that has not heard of that may still tell it.
class TopicIdentity {
 public:
  // kNew: none is remembered. kUntold: the brokers have no ids, do not answer, do not know the
  // topic yet, or tell the one that was replaced.
  enum class Identity { kSame, kAnother, kNew, kUntold };
  struct Finding {
    Identity identity = Identity::kUntold;
    std::string known_id;  // what is remembered
    std::string id;        // what it is now
  };

  // Of each of the topics; changes nothing. Brokers that do not answer are left alone for a while.
  // Errors: the log's.
  Result<std::map<std::string, Finding>> check(TopicDirectory& directory,
                                               const std::vector<std::string>& topics,
                                               Timestamp now, checkpoint::SourceLog& log);
  // Whether it has an id of the topic. Errors: the log's.
  Result<bool> remembers(const std::string& topic, checkpoint::SourceLog& log);
  // Those of the topics that were asked about in this run.
  const fetch::TopicIds& ids() const { return ids_; }
  // The topic's id that is remembered was seen to be replaced. Errors: the log's.
  Status note_replaced(const std::string& topic, checkpoint::SourceLog& log);
  // From now on, the topic with this id is the one that is remembered. `is_replaced`: the one that
  // was remembered was seen to be replaced. Else, as nothing of it was read, it may still be the
  // right one. Errors: the log's.
  Status accept(const std::string& topic, const std::string& id, bool is_replaced,
                checkpoint::SourceLog& log);

 private:
  // What is remembered of a topic.
  struct Ids {
    std::string id;
    std::string replaced;  // empty if none was seen to be
  };

  // Reads what is remembered, once.
  Status recall(const std::string& topic, checkpoint::SourceLog& log);
  // Writes what is remembered anew.
  Status rewrite(const std::string& topic, const Ids& ids, checkpoint::SourceLog& log);
  void keep(const std::string& topic, const Ids& ids);

  std::set<std::string> recalled_;
  std::optional<Timestamp> silent_;  // when they last did not tell
  Duration pause_{0};                // and how long to leave them alone
  std::map<std::string, Ids> known_;
  fetch::TopicIds ids_;  // of known_
};

// Says that the offsets of this topic mean other records than those that were read.
std::string made_anew(const Service& service, const std::string& topic,
                      const TopicIdentity::Finding& finding);

// What is to be done if a topic's offsets mean other records than those that were read. `log` may
// be null.
std::string how_to_start_over(const checkpoint::SourceLog* log);

}  // namespace lakeward::connectors::kafka
