#include "connectors/kafka/fetch/fetched_feed.h"

#include <algorithm>

namespace lakeward::connectors::kafka::fetch {
namespace {

// Unpacked at a time: enough to share the cost of a call, little enough to stay in a core's cache.
constexpr size_t kUnpackedMessages = 1'024;

bool covers(const Wanted& have, const Wanted& want) {
  return have.keys >= want.keys && have.timestamps >= want.timestamps &&
         have.headers >= want.headers;
}

}  // namespace

bool FetchedFeed::finish(int64_t to) {
  const bool done = known_ >= to && (!has_unpacked() || unpacked_->offset(next_) >= to);
  if (done) position_ = std::max(position_, to);
  return done;
}

bool FetchedFeed::has_messages() const {
  return has_unpacked() || !reader_.done() || !queue_.empty();
}

Slice FetchedFeed::take_unpacked(int64_t to) {
  Slice slice{unpacked_, next_, 0};
  while (next_ < unpacked_->size() && unpacked_->offset(next_) < to) {
    ++slice.count;
    ++next_;
  }
  if (slice.count > 0) position_ = unpacked_->offset(next_ - 1) + 1;
  if (next_ == unpacked_->size()) {
    unpacked_.reset();
    before_unpacked_ = {};
    if (reader_.done()) reader_ = {};  // lets the answer go
  }
  return slice;
}

// Unpacks some of the next batches.
Status FetchedFeed::unpack(Wanted wanted, const std::shared_ptr<MessageBlock>& block) {
  before_unpacked_ = reader_;
  while (!reader_.done() && block->size() < kUnpackedMessages) {
    Result<int64_t> behind = reader_.next(known_, wanted, *block);
    if (!behind.ok()) return behind.status().with_context(place_);
    known_ = std::max(known_, *behind);
  }
  if (block->empty()) return ok_status();
  unpacked_ = block;
  unpacked_with_ = wanted;
  next_ = 0;
  return ok_status();
}

Result<Slice> FetchedFeed::take(int64_t to, Wanted wanted,
                                const std::shared_ptr<MessageBlock>& block) {
  if (has_unpacked() && !covers(unpacked_with_, wanted)) {
    // A range may ask for more of its records than the one for which they were unpacked.
    unpacked_.reset();
    reader_ = before_unpacked_;
    known_ = position_;
  }
  while (!has_unpacked()) {
    if (reader_.done()) {
      std::optional<Fetched> fetched = queue_.pop();
      if (!fetched) return Slice{};
      if (!fetched->failure.ok()) {
        lost_ = fetched->lost;
        return fetched->failure.with_context(place_);
      }
      reader_ = std::move(fetched->records);
    }
    RETURN_IF_ERROR(unpack(wanted, block));
    if (!has_unpacked() && known_ >= to) return Slice{};
  }
  return take_unpacked(to);
}

}  // namespace lakeward::connectors::kafka::fetch
