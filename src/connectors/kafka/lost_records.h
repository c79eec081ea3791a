// What is said of records that were deleted before they were read, and of topics that are gone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "checkpoint/source_log.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/options.h"
#include "connectors/kafka/service.h"

namespace lakeward::connectors::kafka {

// Records [from, to) of a partition.
struct LostRange {
  TopicPartition partition;
  int64_t from = 0;
  int64_t to = 0;
};

// Corruption: these were deleted before the checkpoint of the pipeline had read them. At least one.
Status lost_records(const Service& service, const std::string& pipeline,
                    const std::vector<LostRange>& ranges);

// Topics that a pipeline has read and that brokers do not know any more. A broker that has just
// started may not know all of them yet, so they are waited for before they are taken for deleted.
// That a pipeline goes on without one is noted in the source's folder of the checkpoint, in a file
// gone-TOPIC, until it is found again.
class GoneTopics {
 public:
  GoneTopics(const Service& service, std::string pipeline, OnLostOffsets policy)
      : service_(service), pipeline_(std::move(pipeline)), policy_(policy) {}

  // Reads what is noted of the topic, once. Errors: the log's.
  Status recall(const std::string& topic, checkpoint::SourceLog& log);
  // The brokers do not know this one. OK if the pipeline is to go on without it. Errors:
  // Unavailable at first; then Corruption, if the policy is to fail; the log's.
  Status missing(const std::string& topic, Timestamp now, checkpoint::SourceLog& log);
  // They know another one of its name, as `what` says. OK if the pipeline is to go on without the
  // old one. Errors: Unavailable at first, as a broker may not have heard of the one that was read;
  // then Corruption with `advice`, if the policy is to fail or `may_leave` is not true; the log's.
  Status replaced(const std::string& topic, const std::string& what, const std::string& advice,
                  bool may_leave, Timestamp now, checkpoint::SourceLog& log);
  // It is named no more, and the pipeline goes on without it. Errors: the log's.
  Status leave(const std::string& topic, checkpoint::SourceLog& log);
  // They know it. Errors: the log's.
  Status found(const std::string& topic, checkpoint::SourceLog& log);
  // Whether the pipeline goes on without it.
  bool contains(const std::string& topic) const { return gone_.contains(topic); }

 private:
  // Whether the brokers have not known it for so long that it is taken for deleted.
  bool is_missing_for_long(const std::string& topic, Timestamp now);
  Status note(const std::string& topic, const std::string& why, checkpoint::SourceLog& log);

  struct Absence {
    Timestamp since, last;  // asked in vain
  };

  const Service& service_;
  const std::string pipeline_;
  const OnLostOffsets policy_;
  std::map<std::string, Absence> missing_;
  std::set<std::string> recalled_;
  std::set<std::string> gone_;
};

}  // namespace lakeward::connectors::kafka
