#include "stream/staged_epoch.h"

namespace lakeward::stream {

void StagedEpoch::add(Sink& sink, Committable committable) {
  bytes_ += committable.bytes;
  overlaps_ = overlaps_ && committable.overlaps;
  parts_.emplace_back(&sink, std::move(committable));
}

Status StagedEpoch::commit() {
  for (auto& [sink, committable] : parts_) {
    RETURN_IF_ERROR(sink->committer()
                        .commit(epoch_, std::move(committable), accounting_)
                        .with_context(sink->name()));
  }
  return ok_status();
}

void StagedEpoch::discard() {
  for (auto& [sink, committable] : parts_) sink->writer().discard(std::move(committable));
  parts_.clear();
}

}  // namespace lakeward::stream
