// Whether topics are still the ones that a checkpoint has read.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/source_log.h"
#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

// Remembers the id of each topic in the source's folder of the checkpoint, when it first meets it:
// in a file topic-NAME, beside Spark's. A topic that was deleted and made anew under the same name
// has offsets that mean other records.
class TopicIdentity {
 public:
  // Whether a topic that is met for the first time is to be remembered.
  enum class New { kRemember, kPassOver };
  // Errors: Corruption for a topic that was made anew. Brokers that do not tell ids are left alone.
  Status check(Client& client, const std::vector<std::string>& topics, checkpoint::SourceLog& log,
               New new_ones = New::kRemember);

 private:
  Status check(const std::string& topic, const std::string& id, const Service& service,
               checkpoint::SourceLog& log, New new_ones);

  std::optional<std::chrono::steady_clock::time_point> silent_;  // when they last did not tell
  std::chrono::seconds pause_{0};                                // and how long to leave them alone
  std::map<std::string, std::string> known_;                     // id by name
};

// What is to be done if a topic's offsets mean other records than those that were read. `log` may
// be null.
std::string how_to_start_over(const checkpoint::SourceLog* log);

}  // namespace lakeward::connectors::kafka
