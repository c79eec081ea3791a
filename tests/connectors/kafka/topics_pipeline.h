// Brokers that know topics, and a pipeline that uses SourceTopics as KafkaSource does: what tests
// of topics that come and go need, without servers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "connectors/kafka/source_topics.h"
#include "io/memory_store.h"
#include "support/faulty_store.h"

namespace lakeward::test {

using connectors::kafka::KafkaSourceOptions;
using connectors::kafka::Offsets;
using connectors::kafka::OnLostOffsets;
using connectors::kafka::Service;
using connectors::kafka::SourceTopics;
using connectors::kafka::Subscription;
using connectors::kafka::TopicDirectory;
using connectors::kafka::TopicFacts;
using connectors::kafka::TopicPartition;

inline std::string topic_id(int number) {
  std::string id = std::to_string(number);
  return id + std::string(21 - id.size(), 'x') + "A";
}

// Topics of one partition.
class FakeBrokers final : public TopicDirectory {
 public:
  struct Topic {
    std::string id;
    int64_t end = 0;
  };

  void make(const std::string& name) { topics_[name] = {topic_id(++made_), 0}; }
  void remove(const std::string& name) { topics_.erase(name); }
  // nullptr if there is none.
  Topic* find(const std::string& name) {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : &found->second;
  }

  Result<std::vector<std::string>> topics() override {
    std::vector<std::string> names;
    for (const auto& [name, topic] : topics_) names.push_back(name);
    return names;
  }
  Result<std::vector<int32_t>> partitions(const std::string& topic) override {
    if (find(topic) == nullptr) return not_found("no topic " + topic);
    return std::vector<int32_t>{0};
  }
  Result<std::vector<TopicFacts>> describe(const std::vector<std::string>& topics) override {
    if (is_silent) return unavailable("no answer");
    std::vector<TopicFacts> facts;
    for (const std::string& name : topics) {
      const Topic* topic = find(name);
      if (topic == nullptr) continue;
      const auto stale = told_instead.find(name);
      facts.push_back({name, stale == told_instead.end() ? topic->id : stale->second, {}});
    }
    return facts;
  }

  bool is_silent = false;                           // when asked for ids
  std::map<std::string, std::string> told_instead;  // ids by topic, of a broker that has not heard

 private:
  std::map<std::string, Topic> topics_;
  int made_ = 0;
};

using Record = std::pair<std::string, int64_t>;  // the topic's id and the offset

// A pipeline that survives what happens to its process. Its sink knows epochs that it has.
class TopicsPipeline {
 public:
  TopicsPipeline(FakeBrokers& brokers, Clock& clock, OnLostOffsets policy)
      : brokers_(brokers), clock_(clock) {
    options_.on_lost_offsets = policy;
    start();
  }

  // A process begins where the one before was killed.
  void start() {
    topics_ = std::make_unique<SourceTopics>(options_, subscription_, service_, "p", clock_);
    topics_->attach(log_);
    if (initial_) topics_->acknowledge(*initial_);
    if (committed_) topics_->acknowledge(*committed_);
  }
  void set_policy(OnLostOffsets policy) { options_.on_lost_offsets = policy; }

  // An epoch, or what is left of the one that was begun; the next one is planned before this one is
  // committed. Before each step, `may_go_on` is asked.
  template <typename MayGoOn>
  Status run(MayGoOn may_go_on) {
    if (!planned_) {
      RETURN_IF_ERROR(decide_start());
      ASSIGN_OR_RETURN(planned_, plan(begin()));
      if (!planned_) return ok_status();
    }
    if (!may_go_on()) return ok_status();
    if (!is_written_) {
      ASSIGN_OR_RETURN(const std::vector<Record> records, read());
      if (!may_go_on()) return ok_status();
      rows.insert(rows.end(), records.begin(), records.end());
      is_written_ = true;
    }
    ASSIGN_OR_RETURN(std::optional<Offsets> next, plan(*planned_));
    if (!may_go_on()) return ok_status();
    committed_ = std::exchange(planned_, std::nullopt);
    is_written_ = false;
    if (!may_go_on()) return ok_status();
    topics_->acknowledge(*committed_);
    planned_ = std::move(next);
    return ok_status();
  }
  Status run() {
    return run([] { return true; });
  }
  Result<std::string> check_identity() { return topics_->check_identity(*committed_, brokers_); }
  // The id that topic `a` has had before, if that is remembered.
  std::string replaced_id() {
    const Result<std::string> ids = log_.read_file("topic-a");
    const size_t line = ids.ok() ? ids->find('\n') : std::string::npos;
    return line == std::string::npos ? "" : ids->substr(line + 1);
  }

  FaultyStore& store() { return store_; }

  std::vector<Record> rows;
  bool asks_by_name = false;

 private:
  const Offsets& begin() const { return committed_ ? *committed_ : *initial_; }

  Status decide_start() {
    if (initial_) return ok_status();
    RETURN_IF_ERROR(topics_->discover({}, brokers_, asks_by_name));
    initial_.emplace();
    for (const TopicPartition& partition : topics_->partitions()) initial_->emplace(partition, 0);
    topics_->acknowledge(*initial_);
    return ok_status();
  }

  Result<std::optional<Offsets>> plan(Offsets from) {
    RETURN_IF_ERROR(topics_->recall(from));
    RETURN_IF_ERROR(topics_->leave_unnamed(from));
    RETURN_IF_ERROR(topics_->discover(from, brokers_, asks_by_name));
    if (!topics_->take_renewed(from).empty()) return std::optional(from);
    const Offsets gone = topics_->take_gone(from);
    for (const TopicPartition& partition : topics_->partitions()) from.emplace(partition, 0);
    Offsets to = from;
    for (auto& [partition, offset] : to) {
      const FakeBrokers::Topic* topic = brokers_.find(partition.topic);
      if (topic == nullptr || topic->end < offset) return unavailable("it ends before that");
      offset = topic->end;
    }
    if (to == from) return std::optional<Offsets>();
    to.insert(gone.begin(), gone.end());
    return std::optional(to);
  }

  Result<std::vector<Record>> read() {
    Offsets end = *planned_;
    Offsets both = end;
    both.insert(begin().begin(), begin().end());
    RETURN_IF_ERROR(topics_->recall(begin()));
    RETURN_IF_ERROR(topics_->discover(both, brokers_, asks_by_name));
    (void)topics_->take_unreadable(end);
    std::vector<Record> records;
    for (const auto& [partition, to] : end) {
      const auto known = begin().find(partition);
      const int64_t from = known == begin().end() ? 0 : known->second;
      const FakeBrokers::Topic* topic = brokers_.find(partition.topic);
      const std::string* id = topics_->ids().id_of(partition.topic);
      if (from == to) continue;
      // As a broker answers who asks by id; one without ids is asked by name.
      if (topic == nullptr ||
          (id != nullptr && *connectors::kafka::fetch::parse_topic_id(topic->id) != *id)) {
        return unavailable("the id is unknown");
      }
      if (topic->end < to) return unavailable("it ends before that");
      for (int64_t offset = from; offset < to; ++offset) records.emplace_back(topic->id, offset);
    }
    return records;
  }

  const Service service_;
  FakeBrokers& brokers_;
  Clock& clock_;
  KafkaSourceOptions options_;
  const Subscription subscription_ = Subscription::of_pattern("[ab]").value();
  io::MemoryStore memory_;
  FaultyStore store_{memory_};
  checkpoint::SourceLog log_{store_, "p/sources/0"};
  std::unique_ptr<SourceTopics> topics_;
  std::optional<Offsets> initial_, committed_, planned_;
  bool is_written_ = false;  // what is planned
};

}  // namespace lakeward::test
