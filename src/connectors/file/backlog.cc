#include "connectors/file/backlog.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lakeward::connectors::file {

void Backlog::take(const Entry& entry) {
  watched_.erase(entry.path);
  taken_[entry.path] = {.timestamp_ms = entry.timestamp_ms,
                        .size = entry.size.value_or(0),
                        .to = entry.to.value_or(entry.size.value_or(0)),
                        .final = entry.final()};
}

void Backlog::forget(const Entry& entry) {
  if (entry.from == 0) {
    taken_.erase(entry.path);
    return;
  }
  Taken& taken = taken_.at(entry.path);
  taken.to = entry.from;
  taken.final = false;
}

Backlog::Look Backlog::look(std::vector<FoundFile> found, Timestamp now,
                            const std::unordered_set<std::string>* among) {
  Look result;
  std::unordered_map<std::string, Watched> watched;
  for (FoundFile& file : found) {
    const auto taken = taken_.find(file.path);
    if (taken != taken_.end()) {
      Taken& known = taken->second;
      const bool changed = file.modified.millis() != known.timestamp_ms ||
                           (known.size != 0 && file.size != known.size);
      if (changed && !std::exchange(known.reported, true)) result.changed.push_back(file.path);
      if (known.final) continue;
      file.size = known.size;
      file.modified = Timestamp::from_millis(known.timestamp_ms);
      result.waiting_bytes += known.size - known.to;
      result.ready.push_back({std::move(file), known.to});
      continue;
    }
    if (among != nullptr && !among->contains(file.path)) continue;
    result.waiting_bytes += file.size;
    Watched seen{file.size, file.modified, now};
    const auto before = watched_.find(file.path);
    if (before != watched_.end() && before->second.size == file.size &&
        before->second.modified == file.modified) {
      seen.since = before->second.since;
    }
    // A time in the future says nothing; then only what we saw ourselves counts.
    const Duration age = std::max(now - seen.since, now - file.modified);
    if (age >= settle_) {
      result.ready.push_back({std::move(file), 0});
      continue;
    }
    const Duration left = settle_ - age;
    if (result.wait.count() == 0 || left < result.wait) result.wait = left;
    watched.emplace(file.path, seen);
  }
  watched_ = std::move(watched);
  std::sort(result.ready.begin(), result.ready.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.from == 0, a.file.modified, std::string_view(a.file.path)) <
           std::tuple(b.from == 0, b.file.modified, std::string_view(b.file.path));
  });
  return result;
}

}  // namespace lakeward::connectors::file
