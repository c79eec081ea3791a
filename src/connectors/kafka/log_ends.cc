#include "connectors/kafka/log_ends.h"

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr Duration kPatience{30'000'000};

std::string count_text(int64_t count) { return format_count(static_cast<uint64_t>(count)); }

}  // namespace

Status LogEnds::check(const TopicPartition& partition, int64_t offset, int64_t end,
                      const std::string& reader, const std::string& next_step, Client& client) {
  Duration for_so_long{0};
  {
    const std::lock_guard lock(mutex_);
    const auto known = short_.find(partition);
    if (offset <= end) {
      // Another reader may be ahead of this one.
      if (known != short_.end() && known->second.offset <= end) short_.erase(known);
      return ok_status();
    }
    const Timestamp now = clock_.now();
    Short& found = short_.emplace(partition, Short{offset, now}).first->second;
    found.offset = offset;
    for_so_long = now - found.since;
  }
  const std::string what = client.service().name + ": " + partition.to_string() +
                           " ends at offset " + count_text(end) + ", but " + reader + " is at " +
                           count_text(offset) + ": ";
  if (for_so_long < kPatience) {
    // Whoever answered may not be the leader any more; if this fails, so will the next question.
    static_cast<void>(client.partitions(partition.topic));
    return unavailable(what + "the broker may not know better yet; it is asked again");
  }
  return corruption(what + "the brokers have lost records " + count_text(end) + " to " +
                    count_text(offset - 1) +
                    ", which were read, or the topic was deleted and made anew.\n  " + next_step);
}

}  // namespace lakeward::connectors::kafka
