// The topics that a source reads, as the brokers know them now.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "checkpoint/source_log.h"
#include "connectors/kafka/lost_records.h"
#include "connectors/kafka/options.h"
#include "connectors/kafka/service.h"
#include "connectors/kafka/subscription.h"
#include "connectors/kafka/topic_directory.h"
#include "connectors/kafka/topic_identity.h"

namespace lakeward::connectors::kafka {

// Which partitions there are, which of the topics that were read are gone, and whether those that
// come back are the same ones.
//
// A topic that the pipeline goes on without, as it is gone, another one has its name, or it is
// named no more, keeps its offsets in the checkpoint, and a note (GoneTopics). It is not read as
// long as it has the note. If it comes back as it was, it loses the note. If it was made anew, an
// epoch leaves its old offsets out; once that one is committed, the new topic's id is remembered
// instead of the old one's, the note removed, and the topic is read from its beginning. So is one
// that was made anew before anything of it was read. Whatever crashes in between, offsets and ids
// belong together.
class SourceTopics {
 public:
  // What it is given outlives it.
  SourceTopics(const KafkaSourceOptions& options, const Subscription& subscription,
               const Service& service, const std::string& pipeline, Clock& clock)
      : subscription_(subscription),
        service_(service),
        clock_(clock),
        may_lose_(options.on_lost_offsets != OnLostOffsets::kFail),
        gone_(service, pipeline, options.on_lost_offsets) {}

  // Before anything else, if there is a checkpoint.
  void attach(checkpoint::SourceLog& log) { log_ = &log; }
  // No epoch up to these offsets is repeated any more; or the pipeline begins there.
  void acknowledge(const Offsets& offsets);

  // Asks the brokers, unless it did so a moment ago. `read`: what the pipeline has read.
  // `asked_by_name`: records of topics with ids were asked for by names, so that of one made anew
  // some may have been read as the old one's. Errors: Corruption if a topic that was read is gone
  // or was made anew, and nothing may be lost, or may have been read for another's; Unavailable if
  // that is not known yet; NotFound; the directory's.
  Status discover(const Offsets& read, TopicDirectory& directory, bool asked_by_name);
  // After a discover() that succeeded: topics that were made anew and are read from their beginning
  // from now on. Each is told once.
  std::vector<std::string> take_begun_anew() { return std::exchange(begun_anew_, {}); }
  // As of the last discover(): all partitions that can be read, in order.
  const std::vector<TopicPartition>& partitions() const { return partitions_; }
  bool contains(const TopicPartition& partition) const;
  // Those that the checkpoint remembers, of the topics that were looked for in this run.
  const fetch::TopicIds& ids() const { return identity_.ids(); }

  // Notes those of the topics of these offsets that the pipeline goes on without as they are named
  // no more. Not while an epoch is repeated that has read them.
  Status leave_unnamed(const Offsets& read);
  // Reads what is noted of the topics of these offsets.
  Status recall(const Offsets& offsets);
  // Takes out, and returns, what the pipeline goes on without. Where it was read to is kept: should
  // it come back, nothing of it is repeated.
  Offsets take_gone(Offsets& offsets) const;
  // The same, of what was planned, whether the topics are named now or not.
  Offsets take_unreadable(Offsets& offsets) const;
  // Takes out, and returns, offsets to be left: their topics were made anew.
  Offsets take_renewed(Offsets& offsets) const;
  // That the topics of the offsets are those that were read, as far as the brokers say so. Changes
  // nothing. Returns what there is to say of those that are not, if the pipeline goes on all the
  // same. Errors: Corruption; the log's.
  Result<std::string> check_identity(const Offsets& offsets, TopicDirectory& directory);

 private:
  Result<std::vector<std::string>> names(const Offsets& read, TopicDirectory& directory) const;
  Status recall(const std::string& topic);
  // Of a topic that the brokers do not know: OK if the pipeline goes on without it. Errors: as
  // discover(); `unknown`, if it was never met.
  Status check_missing(const std::string& topic, const Status& unknown, bool was_read);
  // What is known by now of a topic that is there. Returns whether it is to be read. Errors: as
  // discover().
  Result<bool> admit(const std::string& topic, const TopicIdentity::Finding& finding,
                     bool was_read);
  // Of a topic that was read, and whose name another one has: OK if the pipeline is to go on
  // without the old one. Errors: as discover().
  Status leave_replaced(const std::string& topic, const TopicIdentity::Finding& finding);
  // What is to be done about one that was made anew, if that ends the run.
  std::string advice() const;
  // Whatever run it was: the next one must know of records that may be another topic's.
  Status remember_asked_by_name(bool now);

  const Subscription& subscription_;
  const Service& service_;
  Clock& clock_;
  const bool may_lose_;
  checkpoint::SourceLog* log_ = nullptr;
  TopicIdentity identity_;
  GoneTopics gone_;
  std::set<std::string> renewed_;  // noted as gone, and there again as other ones
  std::vector<std::string> begun_anew_;
  std::optional<bool> asked_by_name_;  // by any run of the checkpoint; nullopt: not looked up yet
  std::optional<std::set<std::string>> acknowledged_;
  std::vector<TopicPartition> partitions_;
  std::optional<Timestamp> discovered_;
};

}  // namespace lakeward::connectors::kafka
