// What the fetcher has brought of one partition, unpacked batch by batch as it is taken.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "connectors/kafka/consumer.h"
#include "connectors/kafka/fetch/fetcher.h"

namespace lakeward::connectors::kafka::fetch {

class FetchedFeed final : public PartitionFeed {
 public:
  // `queue` outlives it. `place` begins each message: "kafka: topic/0".
  FetchedFeed(Fetcher::Queue& queue, std::string place, int64_t position)
      : queue_(queue), place_(std::move(place)), position_(position), known_(position) {}

  int64_t position() const override { return position_; }
  bool finish(int64_t to) override;
  bool has_messages() const override;
  Result<Slice> take(int64_t to, Wanted wanted,
                     const std::shared_ptr<MessageBlock>& block) override;
  bool lost() const override { return lost_; }

 private:
  // The log is another one from somewhere on.
  Status diverged(const Divergence& divergence) const;
  // Records [next, size) of a block are unpacked and not taken.
  bool has_unpacked() const { return unpacked_ != nullptr && next_ < unpacked_->size(); }
  Status unpack(Wanted wanted, const std::shared_ptr<MessageBlock>& block);
  Slice take_unpacked(int64_t to);

  Fetcher::Queue& queue_;
  const std::string place_;
  int64_t position_;
  // Between the position and here there is nothing but what is unpacked.
  int64_t known_;
  RecordSetReader reader_;
  std::shared_ptr<MessageBlock> unpacked_;
  size_t next_ = 0;
  Wanted unpacked_with_;
  RecordSetReader before_unpacked_;  // where the block's batches begin
  bool lost_ = false;
};

}  // namespace lakeward::connectors::kafka::fetch
