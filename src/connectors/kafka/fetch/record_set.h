// The records in what a Fetch brought of one partition: batches, one after another.
// Kafka documentation, "Message Format", "Record Batch" and "Record"; KIP-98 for transactions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/fetch/fetch_api.h"
#include "connectors/kafka/message_block.h"

namespace lakeward::connectors::kafka::fetch {

// The whole batches at the beginning of `records`, which a cut-off one may follow.
struct WholeBatches {
  std::string_view bytes;
  int64_t next_offset = 0;  // behind the last of them; `from` if there is none
  // Of the batch behind them, if that is why they end there.
  std::optional<int32_t> other_epoch;
};
// With an `epoch`, only those of this epoch of the partition's leader, and of none.
WholeBatches whole_batches(std::string_view records, int64_t from,
                           std::optional<int32_t> epoch = std::nullopt);

// Walks over batches; only a batch that is asked for is unpacked. Nothing that a broker sends is
// trusted: every length is checked. Copies may be read independently.
class RecordSetReader {
 public:
  RecordSetReader() = default;
  // `records` are views into `owner`, followed by format::kPadding readable bytes. What the aborted
  // transactions wrote is left out.
  RecordSetReader(std::shared_ptr<const void> owner, std::string_view records,
                  std::vector<AbortedTransaction> aborted);

  bool done() const { return rest_.empty(); }

  // Adds the records of the next batch with offsets of `from` and above to the block, and returns
  // the offset behind the batch. Errors: Corruption; Unsupported for batches in the format of
  // brokers before 0.11.
  Result<int64_t> next(int64_t from, Wanted wanted, MessageBlock& block);

 private:
  struct Batch;
  Result<Batch> take_batch();
  bool is_left_out(const Batch& batch);

  std::shared_ptr<const void> owner_;
  std::string_view rest_;
  std::vector<AbortedTransaction> aborted_;  // by first offset
  size_t next_aborted_ = 0;
  std::set<int64_t> aborting_;  // producers whose records are those of an aborted transaction
};

}  // namespace lakeward::connectors::kafka::fetch
