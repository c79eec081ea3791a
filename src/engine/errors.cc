#include "engine/errors.h"

#include <string>

namespace lakeward::engine {

Status engine_error(std::string_view message) {
  const std::string text(message);
  const auto begins = [&](std::string_view prefix) { return message.starts_with(prefix); };
  if (begins("INTERRUPT Error")) return cancelled("the query was interrupted");
  if (begins("Out of Memory Error")) {
    // The other lines are advice for DuckDB's own settings.
    const std::string first = text.substr(0, text.find('\n'));
    if (first.find("failed to offload") != std::string::npos) {
      return resource_exhausted(first +
                                "\n  The disk to which queries spill is full: make room beside the "
                                "lake, or raise 'memory' in lakeward.yaml.");
    }
    return out_of_memory(first + "\n  Raise 'memory' in lakeward.yaml.");
  }
  if (text.find("No space left on device") != std::string::npos) return resource_exhausted(text);
  if (begins("IO Error")) return io_error(text);
  if (begins("INTERNAL Error")) return internal_error(text);
  return invalid_argument(text);
}

}  // namespace lakeward::engine
