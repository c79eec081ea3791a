#include "connectors/kafka/fetch/fetched_feed.h"

#include <algorithm>

#include "base/units.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// Unpacked at a time: enough to share the cost of a call, little enough to stay in a core's cache.
constexpr size_t kUnpackedMessages = 1'024;

bool covers(const Wanted& have, const Wanted& want) {
  return have.keys >= want.keys && have.timestamps >= want.timestamps &&
         have.headers >= want.headers;
}

std::string offset_text(int64_t offset) { return format_count(static_cast<uint64_t>(offset)); }

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

Status FetchedFeed::diverged(const Divergence& divergence) const {
  if (divergence.end >= known_) {
    return unavailable("the brokers have lost records from offset " + offset_text(divergence.end) +
                       " on, which were not read yet; what is there now is read instead")
        .with_context(place_);
  }
  const std::string gone =
      divergence.end < 0
          ? "those before offset " + offset_text(known_) + " were read in the leader's epoch " +
                std::to_string(divergence.epoch) + ", which its leader does not know any more"
          : "those of offsets " + offset_text(divergence.end) + " to " + offset_text(known_ - 1) +
                " were read in the leader's epoch " + std::to_string(divergence.epoch) +
                ", and are gone";
  return corruption("the brokers have lost records: " + gone +
                    ", as when a replica became the leader that lacked them (an unclean election), "
                    "or a broker's disk was lost. What was read is kept; other records that have "
                    "come in their place are not read.\n  To go on behind them: start the pipeline "
                    "again. To have what the topic holds now: stop it, remove the folder "
                    "of its checkpoint and name another table in 'to', to read the topic from its "
                    "beginning.")
      .with_context(place_);
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
      if (fetched->divergence) return diverged(*fetched->divergence);
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
