#include "stream/out_of_memory.h"

#include <string>

#include "base/units.h"

namespace lakeward::stream {

Status out_of_memory_in_epoch(const Status& status, int64_t epoch, bool is_view,
                              uint64_t memory_bytes) {
  if (status.code() != StatusCode::kOutOfMemory) return status;
  const std::string name = "epoch " + std::to_string(epoch);
  std::string text = name + " needs more memory than there is: " +
                     status.message().substr(0, status.message().find('\n')) +
                     "\n  Raise 'memory' in lakeward.yaml";
  if (memory_bytes > 0) text += ", which is " + format_bytes(memory_bytes);
  text += is_view ? ", or make the query need less; 'limits' are not for views, whose epochs read "
                    "whole tables."
                  : ". The checkpoint has " + name +
                        " planned, and it keeps its size: smaller 'limits' (rows, bytes) of the "
                        "pipeline help only the epochs after it.";
  return out_of_memory(std::move(text));
}

}  // namespace lakeward::stream
