#include "connectors/kafka/record_reader.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

using format::Position;
using std::chrono::steady_clock;

// A thread is worth its start from about this many records on.
constexpr int64_t kRecordsPerThread = 50'000;
constexpr size_t kMostThreads = 64;
// How long a range may stand still: while no broker can be reached, and in any case. librdkafka
// tries again by itself all the time; after this the epoch is begun anew, and the user told.
constexpr std::chrono::seconds kPatienceWhenDown{3};
constexpr std::chrono::seconds kPatience{60};
// The same once the pipeline is told to stop: an epoch that gets on is finished.
constexpr std::chrono::seconds kPatienceWhenStopped{1};
// What is fetched ahead where only a few records are wanted.
constexpr size_t kAheadOfAFew = size_t{8} << 20;
// Older records count less and less.
constexpr uint64_t kObservedRecords = 10'000'000;

struct Split {
  PartitionRange range;
  PartitionFeed* feed = nullptr;
  std::shared_ptr<const format::Provenance> provenance;
  std::vector<uint64_t> only;   // places, ascending
  bool busy = false;            // a thread is taking from it
  const void* owner = nullptr;  // the only stream that may take from it, if order is kept
  bool done = false;
};

// What all threads of a reader share.
class Shared {
 public:
  Shared(std::shared_ptr<ConsumerPool> pool, std::unique_ptr<Consumer> consumer,
         std::vector<Split> splits, ReadOptions options)
      : pool_(std::move(pool)),
        consumer_(std::move(consumer)),
        splits_(std::move(splits)),
        options_(std::move(options)) {
    for (Split& split : splits_) finish(split);
  }
  ~Shared() {
    pool_->observe(records_, bytes_);
    // A range that was read to its end is followed by the next one.
    if (left_ == 0 && options_.only.empty()) pool_->put(std::move(consumer_));
  }

  const Wanted& wanted() const { return options_.wanted; }
  uint64_t lost() const { return options_.lost; }
  int64_t records() const {
    int64_t records = 0;
    for (const Split& split : splits_) records += split.range.to - split.range.from;
    return records;
  }

  // A split with messages that no other thread takes from, if possible `last`; waits for one.
  // nullptr when there is nothing left for `stream`.
  Result<Split*> claim(const void* stream, Split* last);
  // Gives the split back. Returns the failure of taking from it, explained.
  Status release(Split& split, const Status& taken, const Slice& slice);

 private:
  void finish(Split& split) {
    if (!split.done && split.feed->finish(split.range.to)) {
      split.done = true;
      --left_;
    }
  }
  Split* find(const void* stream, Split* last);
  bool has_work(const void* stream) const;
  Status stalled();

  std::shared_ptr<ConsumerPool> pool_;
  std::unique_ptr<Consumer> consumer_;
  std::vector<Split> splits_;
  ReadOptions options_;
  std::mutex mutex_;  // guards what follows, and the flags of the splits
  size_t left_ = splits_.size();
  size_t next_ = 0;
  Status failure_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  steady_clock::time_point last_progress_ = steady_clock::now();
};

bool Shared::has_work(const void* stream) const {
  if (!options_.keep_order) return left_ > 0;
  return std::any_of(splits_.begin(), splits_.end(), [&](const Split& split) {
    return !split.done && (split.owner == nullptr || split.owner == stream);
  });
}

Split* Shared::find(const void* stream, Split* last) {
  const auto ready = [&](const Split& split) {
    return !split.busy && !split.done && (split.owner == nullptr || split.owner == stream) &&
           split.feed->has_messages();
  };
  if (last != nullptr && ready(*last)) return last;
  for (size_t i = 0; i < splits_.size(); ++i) {
    Split& split = splits_[(next_ + i) % splits_.size()];
    if (!ready(split)) continue;
    next_ = (next_ + i + 1) % splits_.size();
    return &split;
  }
  return nullptr;
}

Result<Split*> Shared::claim(const void* stream, Split* last) {
  while (true) {
    const uint64_t rings = consumer_->bell().rings();
    {
      const std::lock_guard lock(mutex_);
      RETURN_IF_ERROR(failure_);
      if (!has_work(stream)) return nullptr;
      if (Split* split = find(stream, last)) {
        split->busy = true;
        if (options_.keep_order) split->owner = stream;
        return split;
      }
      failure_ = stalled();
      RETURN_IF_ERROR(failure_);
    }
    consumer_->bell().wait(rings);
  }
}

Status Shared::stalled() {
  const bool busy =
      std::any_of(splits_.begin(), splits_.end(), [](const Split& split) { return split.busy; });
  const auto waited = steady_clock::now() - last_progress_;
  const Status behind = consumer_->client().failure();
  const std::string& service = consumer_->client().service().name;
  if (!behind.ok() && !behind.retriable()) return behind.with_context(service);
  if (busy) return ok_status();
  if (options_.stop.stop_requested() && waited >= kPatienceWhenStopped) {
    return cancelled(service + ": stopped while waiting for records");
  }
  if (waited < kPatienceWhenDown) return ok_status();
  if (consumer_->client().is_down()) return behind.with_context(service);
  if (waited < kPatience) return ok_status();
  for (const Split& split : splits_) {
    if (split.done) continue;
    return unavailable(service + ": " + split.range.partition.to_string() + " gave nothing for " +
                       std::to_string(kPatience.count()) + " s, though offset " +
                       format_count(static_cast<uint64_t>(split.range.to)) +
                       " was there when the epoch was planned" +
                       (behind.ok() ? "" : ": " + behind.message()));
  }
  return ok_status();
}

Status Shared::release(Split& split, const Status& taken, const Slice& slice) {
  Status status = taken;
  if (status.code() == StatusCode::kUnsupported) {
    pool_->leave_to_librdkafka();
    status = unavailable(status.message() + "; it is read again in another way");
  } else if (!status.ok() && split.feed->lost() && options_.explain_loss) {
    status = options_.explain_loss(split.range.partition, split.feed->position());
  }
  {
    const std::lock_guard lock(mutex_);
    split.busy = false;
    if (failure_.ok()) failure_ = status;
    if (status.ok()) {
      last_progress_ = steady_clock::now();
      consumer_->client().clear_events();
      records_ += slice.count;
      if (slice.count > 0)
        bytes_ += slice.block->payload_bytes() * slice.count / slice.block->size();
      finish(split);
    }
  }
  consumer_->bell().ring();
  return status;
}

// The numbers of the batch's records that are at these places.
std::vector<size_t> choose(const format::RecordBatch& batch, const std::vector<uint64_t>& places) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < batch.records.size(); ++i) {
    if (std::binary_search(places.begin(), places.end(), batch.records[i].place)) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

class KafkaRecordStream final : public stream::RecordStream {
 public:
  explicit KafkaRecordStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::optional<format::RecordBatch>> next() override {
    while (true) {
      if (chosen_next_ < chosen_.size()) return std::optional(batch_of(chosen_[chosen_next_++], 1));
      ASSIGN_OR_RETURN(Split * split, shared_->claim(this, split_));
      if (split == nullptr) return std::optional<format::RecordBatch>();
      split_ = split;
      Result<Slice> slice = split->feed->take(split->range.to, shared_->wanted(), pool_.take());
      RETURN_IF_ERROR(shared_->release(*split, slice.status(), slice.ok() ? *slice : Slice()));
      if (slice->count == 0) continue;
      slice_ = std::move(*slice);
      if (split->only.empty()) return std::optional(batch_of(0, slice_.count));
      chosen_ = choose(slice_.block->batch(slice_.first, slice_.count), split->only);
      chosen_next_ = 0;
    }
  }

 private:
  format::RecordBatch batch_of(size_t first, size_t count) const {
    format::RecordBatch batch = slice_.block->batch(slice_.first + first, count);
    batch.provenance = split_->provenance;
    batch.owner = slice_.block;
    return batch;
  }

  std::shared_ptr<Shared> shared_;
  MessageBlockPool pool_;
  Split* split_ = nullptr;  // the last one taken from
  Slice slice_;
  std::vector<size_t> chosen_;  // of the slice's records, if only some are asked for
  size_t chosen_next_ = 0;
};

class KafkaRecordReader final : public stream::RecordReader {
 public:
  explicit KafkaRecordReader(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  size_t max_threads() const override {
    const auto threads = static_cast<size_t>(shared_->records() / kRecordsPerThread + 1);
    return std::min(threads, kMostThreads);
  }
  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    return std::unique_ptr<stream::RecordStream>(std::make_unique<KafkaRecordStream>(shared_));
  }
  uint64_t lost() const override { return shared_->lost(); }

 private:
  std::shared_ptr<Shared> shared_;
};

class NoRecordStream final : public stream::RecordStream {
 public:
  Result<std::optional<format::RecordBatch>> next() override {
    return std::optional<format::RecordBatch>();
  }
};

class NoRecordReader final : public stream::RecordReader {
 public:
  explicit NoRecordReader(uint64_t lost) : lost_(lost) {}
  uint64_t lost() const override { return lost_; }
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    return std::unique_ptr<stream::RecordStream>(std::make_unique<NoRecordStream>());
  }

 private:
  const uint64_t lost_;
};

// The places in `split` that are asked for.
std::vector<uint64_t> places_in(uint32_t split, const std::vector<uint64_t>& only) {
  std::vector<uint64_t> places;
  auto next = std::lower_bound(only.begin(), only.end(), Position::make(split, 0));
  for (; next != only.end() && Position::split(*next) == split; ++next) {
    places.push_back(Position::place(*next));
  }
  return places;
}

// The offset of a place in a range.
int64_t offset_at(uint64_t place, int64_t from) {
  constexpr int64_t kPlaces = int64_t{1} << Position::kPlaceBits;
  const int64_t offset = from - static_cast<int64_t>(place_of(from)) + static_cast<int64_t>(place);
  return offset < from ? offset + kPlaces : offset;
}

// Only as far as what is asked for reaches.
void narrow(PartitionRange& range, const std::vector<uint64_t>& places) {
  int64_t first = range.to;
  int64_t last = range.from;
  for (const uint64_t place : places) {
    const int64_t offset = offset_at(place, range.from);
    first = std::min(first, offset);
    last = std::max(last, offset);
  }
  range.to = std::min(range.to, last + 1);
  range.from = first;
}

}  // namespace

Result<std::unique_ptr<Consumer>> ConsumerPool::take(const Offsets& from) {
  FetchBy fetch_by = FetchBy::kLibrdkafka;
  KnownTopics known{epochs_, {}, asked_by_name_};
  std::unique_ptr<Consumer> unfit;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ != nullptr && waiting_->stands_at(from)) return std::move(waiting_);
    fetch_by = fetch_by_;
    known.ids = ids_;
    unfit = std::move(waiting_);
  }
  unfit.reset();  // before the next one fetches as much
  return Consumer::make(properties_, from, fetch_by, service_, ahead_bytes_, std::move(known));
}

Result<std::unique_ptr<Consumer>> ConsumerPool::make_another(const Offsets& from) {
  FetchBy fetch_by = FetchBy::kLibrdkafka;
  KnownTopics known;
  {
    const std::lock_guard lock(mutex_);
    fetch_by = fetch_by_;
    known.ids = ids_;
  }
  return Consumer::make(properties_, from, fetch_by, service_, std::min(ahead_bytes_, kAheadOfAFew),
                        std::move(known));
}

void ConsumerPool::know(const fetch::TopicIds& ids) {
  std::unique_ptr<Consumer> unfit;  // it was made with others
  const std::lock_guard lock(mutex_);
  if (ids_ == ids) return;
  ids_ = ids;
  unfit = std::move(waiting_);
}

bool ConsumerPool::has_asked_by_name() const {
  const std::lock_guard lock(mutex_);
  return *asked_by_name_ || fetch_by_ == FetchBy::kLibrdkafka;
}

void ConsumerPool::leave_to_librdkafka() {
  const std::lock_guard lock(mutex_);
  fetch_by_ = FetchBy::kLibrdkafka;
  waiting_.reset();
}

void ConsumerPool::put(std::unique_ptr<Consumer> consumer) {
  const std::lock_guard lock(mutex_);
  std::swap(waiting_, consumer);
}

void ConsumerPool::observe(uint64_t records, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (records_ > kObservedRecords) {
    records_ /= 2;
    bytes_ /= 2;
  }
  records_ += records;
  bytes_ += bytes;
}

std::optional<uint64_t> ConsumerPool::mean_record_bytes() const {
  const std::lock_guard lock(mutex_);
  if (records_ == 0) return std::nullopt;
  return std::max<uint64_t>(1, bytes_ / records_);
}

Result<std::unique_ptr<stream::RecordReader>> make_record_reader(std::shared_ptr<ConsumerPool> pool,
                                                                 std::vector<PartitionRange> ranges,
                                                                 ReadOptions options) {
  std::vector<Split> splits;
  Offsets from;
  for (PartitionRange& range : ranges) {
    Split split;
    if (!options.only.empty()) {
      split.only = places_in(range.split, options.only);
      if (split.only.empty()) continue;
      narrow(range, split.only);
    }
    // Partitions without new records stay with the consumer: the next range may have some.
    from[range.partition] = range.from;
    auto provenance = std::make_shared<format::Provenance>();
    provenance->split = range.split;
    provenance->has_headers = true;
    provenance->topic = range.partition.topic;
    provenance->partition = range.partition.partition;
    split.provenance = std::move(provenance);
    split.range = std::move(range);
    splits.push_back(std::move(split));
  }
  if (splits.empty()) {
    return std::unique_ptr<stream::RecordReader>(std::make_unique<NoRecordReader>(options.lost));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Consumer> consumer,
                   options.only.empty() ? pool->take(from) : pool->make_another(from));
  for (Split& split : splits) split.feed = &consumer->feed(split.range.partition);
  auto shared = std::make_shared<Shared>(std::move(pool), std::move(consumer), std::move(splits),
                                         std::move(options));
  return std::unique_ptr<stream::RecordReader>(
      std::make_unique<KafkaRecordReader>(std::move(shared)));
}

}  // namespace lakeward::connectors::kafka
