#include "connectors/kafka/lost_records.h"

#include <spdlog/spdlog.h>

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
// More partitions than these are counted, not named.
constexpr size_t kNamed = 20;

std::string count_text(int64_t count) { return format_count(static_cast<uint64_t>(count)); }

// In the source's folder of the checkpoint.
std::string note_of(const std::string& topic) { return "gone-" + topic; }

std::string range_text(const LostRange& range) {
  return range.partition.to_string() + ", offsets " + count_text(range.from) + " to " +
         count_text(range.to - 1);
}

}  // namespace

Status lost_records(const Service& service, const std::string& pipeline,
                    const std::vector<LostRange>& ranges) {
  int64_t lost = 0;
  std::string places;
  for (size_t i = 0; i < ranges.size(); ++i) {
    lost += ranges[i].to - ranges[i].from;
    if (i < kNamed) places += "\n    " + range_text(ranges[i]);
  }
  if (ranges.size() > kNamed) {
    places += "\n    and in " + format_count(ranges.size() - kNamed, "more partition");
  }
  return corruption(service.name + ": " + format_count(static_cast<uint64_t>(lost), "record") +
                    (lost == 1 ? " was" : " were") + " deleted before the pipeline '" + pipeline +
                    "' had read them:" + places +
                    "\n  To go on without them: set on_lost_offsets: earliest (they will be "
                    "counted as lost). To keep more: raise the topic's retention.ms.");
}

Status GoneTopics::recall(const std::string& topic, checkpoint::SourceLog& log) {
  if (recalled_.contains(topic)) return ok_status();
  const Status noted = log.read_file(note_of(topic)).status();
  if (!noted.ok() && noted.code() != StatusCode::kNotFound) return noted;
  recalled_.insert(topic);
  if (!noted.ok()) return ok_status();
  gone_.insert(topic);
  spdlog::warn("{}: '{}' goes on without the {} '{}', which was given up before", service_.name,
               pipeline_, service_.topic, topic);
  return ok_status();
}

bool GoneTopics::is_missing_for_long(const std::string& topic, Timestamp now) {
  Absence& absence = missing_.emplace(topic, Absence{now, now}).first->second;
  // Meanwhile nobody could be asked, and whoever answers now may just have started.
  // Attempts that wait for each other, and for slow answers, may be that far apart all the same.
  if (now - absence.last > 3 * kPatience) absence.since = now;
  absence.last = now;
  return now - absence.since >= kPatience;
}

Status GoneTopics::missing(const std::string& topic, Timestamp now, checkpoint::SourceLog& log) {
  if (gone_.contains(topic)) return ok_status();
  const std::string what = service_.name + ": the " + service_.topic + " '" + topic + "', which '" +
                           pipeline_ + "' has read, is gone";
  if (!is_missing_for_long(topic, now)) {
    return unavailable(what + "; it is taken for deleted if that lasts for " +
                       format_duration(kPatience));
  }
  if (policy_ == OnLostOffsets::kFail) {
    return corruption(what +
                      ".\n  If it was deleted, and you want to go on without what of it was not "
                      "read: set on_lost_offsets: earliest.");
  }
  return note(topic, "is gone", log);
}

Status GoneTopics::replaced(const std::string& topic, const std::string& what,
                            const std::string& advice, bool may_leave, Timestamp now,
                            checkpoint::SourceLog& log) {
  if (gone_.contains(topic)) return ok_status();
  const bool ends = policy_ == OnLostOffsets::kFail || !may_leave;
  if (!is_missing_for_long(topic, now)) {
    return unavailable(
        what + (ends ? " The run ends" : " The pipeline goes on with it from its beginning") +
        " if the brokers say so for " + format_duration(kPatience) + ".");
  }
  if (ends) return corruption(what + advice);
  return note(topic, "was deleted and made anew", log);
}

Status GoneTopics::leave(const std::string& topic, checkpoint::SourceLog& log) {
  return gone_.contains(topic) ? ok_status() : note(topic, "is named no more", log);
}

Status GoneTopics::note(const std::string& topic, const std::string& why,
                        checkpoint::SourceLog& log) {
  const Status noted = log.write_file(note_of(topic), pipeline_ + "\n");
  if (!noted.ok() && noted.code() != StatusCode::kAlreadyExists) return noted;
  spdlog::warn("{}: the {} '{}', which '{}' has read, {}; the pipeline goes on without it",
               service_.name, service_.topic, topic, pipeline_, why);
  recalled_.insert(topic);
  gone_.insert(topic);
  return ok_status();
}

Status GoneTopics::found(const std::string& topic, checkpoint::SourceLog& log) {
  missing_.erase(topic);
  if (!gone_.contains(topic)) return ok_status();
  RETURN_IF_ERROR(log.remove_file(note_of(topic)));
  gone_.erase(topic);
  spdlog::info("{}: the {} '{}' is there again, and read", service_.name, service_.topic, topic);
  return ok_status();
}

}  // namespace lakeward::connectors::kafka
