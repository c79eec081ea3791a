// The topics that a source reads, as the brokers know them now.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "checkpoint/source_log.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/lost_records.h"
#include "connectors/kafka/options.h"
#include "connectors/kafka/service.h"
#include "connectors/kafka/subscription.h"
#include "connectors/kafka/topic_identity.h"

namespace lakeward::connectors::kafka {

// Which partitions there are, which of the topics that were read are gone, and which were made anew
// under the same name. A pipeline that may lose records leaves the old offsets of the latter in one
// epoch of its own, and reads the new topic from its beginning once that is committed: at every
// moment, the offsets of the checkpoint are of the topics whose ids it remembers.
class SourceTopics {
 public:
  // What it is given outlives it.
  SourceTopics(const KafkaSourceOptions& options, const Subscription& subscription,
               const Service& service, const std::string& pipeline, Clock& clock)
      : options_(options),
        subscription_(subscription),
        service_(service),
        pipeline_(pipeline),
        clock_(clock),
        gone_(service, pipeline, options.on_lost_offsets) {}

  // Before anything else, if there is a checkpoint. `begun`: whether it has offsets.
  void attach(checkpoint::SourceLog& log, bool begun);
  // The checkpoint says that epochs up to these offsets are committed.
  void acknowledge(const Offsets& offsets);

  // Asks the brokers, unless it did so a moment ago. `read`: what the pipeline has read. Returns
  // the topics that are other ones now, and are read from their beginning from here on. Errors:
  // Corruption if a topic that was read is gone or was made anew, and nothing may be lost;
  // NotFound; the client's.
  Result<std::vector<std::string>> discover(const Offsets& read, Client& client);
  // As of the last discover(): all partitions that can be read.
  const std::vector<TopicPartition>& partitions() const { return partitions_; }
  bool contains(const TopicPartition& partition) const;

  // Reads what is noted of the topics of these offsets.
  Status recall(const Offsets& offsets);
  // Takes out, and returns, what the pipeline goes on without. Where it was read to is kept: should
  // it come back, nothing of it is repeated.
  Offsets take_gone(Offsets& offsets) const;
  // Takes out, and returns, what was planned to be read and cannot be read any more.
  Offsets take_lost(Offsets& offsets) const;
  // Takes out, and returns, offsets of topics that were made anew: they mean other records.
  Offsets take_renewed(Offsets& offsets) const;
  // The same, of a reader that changes nothing. Errors as discover().
  Status look_for_renewed(Offsets& offsets, Client& client);

 private:
  Result<std::vector<std::string>> names(const Offsets& read, Client& client) const;
  // Sorts out those of the topics `there` that were made anew.
  Result<std::vector<std::string>> identify(const std::vector<std::string>& there,
                                            const std::set<std::string>& read, Client& client);
  // Whether offsets that may be repeated are of it.
  bool is_in_checkpoint(const std::string& topic) const;

  const KafkaSourceOptions& options_;
  const Subscription& subscription_;
  const Service& service_;
  const std::string& pipeline_;
  Clock& clock_;
  checkpoint::SourceLog* log_ = nullptr;
  TopicIdentity identity_;
  GoneTopics gone_;
  std::set<std::string> renewed_;
  bool begun_ = false;
  std::optional<std::set<std::string>> acknowledged_;
  std::vector<TopicPartition> partitions_;
  std::optional<Timestamp> discovered_;
};

}  // namespace lakeward::connectors::kafka
