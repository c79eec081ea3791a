#include "checkpoint/source_log.h"

#include <algorithm>
#include <utility>

#include "checkpoint/log_file.h"

namespace lakeward::checkpoint {
namespace {

constexpr std::string_view kCompactSuffix = ".compact";

// What is in the folder, each list ascending.
struct Batches {
  std::vector<int64_t> plain;
  std::vector<int64_t> compact;

  bool has_plain(int64_t number) const {
    return std::binary_search(plain.begin(), plain.end(), number);
  }
  bool has_compact(int64_t number) const {
    return std::binary_search(compact.begin(), compact.end(), number);
  }
  std::optional<int64_t> latest() const {
    int64_t last = -1;
    if (!plain.empty()) last = plain.back();
    if (!compact.empty()) last = std::max(last, compact.back());
    return last < 0 ? std::nullopt : std::optional(last);
  }
};

Result<Batches> list_batches(io::ObjectStore& store, const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects, store.list(folder));
  Batches batches;
  for (const io::ObjectInfo& object : objects) {
    std::string_view name = file_name(object.path);
    const bool compact = name.ends_with(kCompactSuffix);
    if (compact) name.remove_suffix(kCompactSuffix.size());
    if (const auto number = parse_number(name)) {
      (compact ? batches.compact : batches.plain).push_back(*number);
    }
  }
  std::sort(batches.plain.begin(), batches.plain.end());
  std::sort(batches.compact.begin(), batches.compact.end());
  return batches;
}

std::string compact_name(int64_t number) {
  return std::to_string(number) + std::string(kCompactSuffix);
}

// Spark does not store the interval: a restart derives it from the files that it finds
// (CompactibleFileStreamLog.deriveCompactInterval).
int64_t interval_of(const Batches& batches, int64_t preferred) {
  const std::vector<int64_t>& compact = batches.compact;
  if (compact.empty()) return preferred;
  const int64_t batches_so_far = compact.back() + 1;
  if (compact.size() >= 2) return compact.back() - compact[compact.size() - 2];
  if (batches_so_far > preferred && preferred < batches_so_far / 2) {
    for (int64_t divisor = preferred; divisor <= batches_so_far / 2; ++divisor) {
      if (batches_so_far % divisor == 0) return divisor;
    }
  }
  return batches_so_far;
}

}  // namespace

std::string SourceLog::checkpoint() const {
  return store_.root() + "/" + folder_.substr(0, folder_.rfind("/sources/"));
}

Status SourceLog::name_checkpoint(Status status) const {
  if (status.message().find("remove the checkpoint") == std::string::npos) return status;
  return Status(status.code(),
                status.message() + "\n  The checkpoint is the folder " + checkpoint() + ".");
}

Result<std::vector<std::string>> SourceLog::entries(std::optional<int64_t> last) {
  ASSIGN_OR_RETURN(const Batches batches, list_batches(store_, folder_));
  const std::optional<int64_t> latest = batches.latest();
  if (!latest) {
    if (last)
      return corruption("checkpoint " + folder_ + " is empty; batch " + std::to_string(*last) +
                        " is missing");
    return std::vector<std::string>();
  }
  const int64_t end = last.value_or(*latest);
  int64_t base = -1;  // the newest compaction that has nothing past `end`
  for (const int64_t number : batches.compact) {
    if (number <= end) base = number;
  }
  std::vector<std::string> all;
  for (int64_t number = std::max<int64_t>(base, 0); number <= end; ++number) {
    const std::string name = number == base ? compact_name(number) : std::to_string(number);
    Result<std::string> bytes = store_.get(folder_ + "/" + name);
    if (bytes.status().code() == StatusCode::kNotFound) {
      return corruption("checkpoint file " + folder_ + "/" + name + " is missing");
    }
    if (!bytes.ok()) return bytes.status();
    ASSIGN_OR_RETURN(std::vector<std::string> lines, parse_log_file(folder_ + "/" + name, *bytes));
    std::move(lines.begin(), lines.end(), std::back_inserter(all));
  }
  return all;
}

Result<std::optional<int64_t>> SourceLog::latest() {
  ASSIGN_OR_RETURN(const Batches batches, list_batches(store_, folder_));
  return batches.latest();
}

Status SourceLog::append(int64_t number, const std::vector<std::string>& entries_of_batch,
                         const Fold& fold) {
  ASSIGN_OR_RETURN(const Batches batches, list_batches(store_, folder_));
  if (batches.has_plain(number) || batches.has_compact(number)) {
    return already_exists("checkpoint " + folder_ + " already has batch " + std::to_string(number));
  }
  const int64_t interval = interval_of(batches, static_cast<int64_t>(compact_interval_));
  if ((number + 1) % interval != 0) {
    return store_.put_if_absent(folder_ + "/" + std::to_string(number),
                                format_log_file(entries_of_batch));
  }
  std::vector<std::string> all;
  if (number > 0) {
    ASSIGN_OR_RETURN(all, entries(number - 1));
    if (fold) {
      ASSIGN_OR_RETURN(all, fold(std::move(all)));
    }
  }
  all.insert(all.end(), entries_of_batch.begin(), entries_of_batch.end());
  RETURN_IF_ERROR(store_.put_if_absent(folder_ + "/" + compact_name(number), format_log_file(all)));
  // Two batches may be without an epoch yet, this one among them: they may be taken back. Whatever
  // is before the newest compaction that stays even then is in that one, too.
  int64_t keep_from = -1;
  for (const int64_t old : batches.compact) {
    if (old <= number - 2) keep_from = old;
  }
  for (const int64_t old : batches.plain) {
    if (old < keep_from) RETURN_IF_ERROR(store_.remove(folder_ + "/" + std::to_string(old)));
  }
  for (const int64_t old : batches.compact) {
    if (old < keep_from) RETURN_IF_ERROR(store_.remove(folder_ + "/" + compact_name(old)));
  }
  return ok_status();
}

Status SourceLog::remove(int64_t number) {
  RETURN_IF_ERROR(store_.remove(folder_ + "/" + std::to_string(number)));
  return store_.remove(folder_ + "/" + compact_name(number));
}

Result<std::string> SourceLog::read_file(const std::string& name) {
  return store_.get(folder_ + "/" + name);
}

Status SourceLog::write_file(const std::string& name, const std::string& bytes) {
  return store_.put_if_absent(folder_ + "/" + name, bytes);
}

Status SourceLog::replace_file(const std::string& name, const std::string& bytes) {
  return store_.put(folder_ + "/" + name, bytes);
}

Status SourceLog::remove_file(const std::string& name) {
  return store_.remove(folder_ + "/" + name);
}

}  // namespace lakeward::checkpoint
