// Where records begin and end, by framing: the inside of RecordCutter.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/framing.h"

namespace lakeward::format {

class RecordSplitter {
 public:
  virtual ~RecordSplitter() = default;

  // Appends the records that end in `bytes`, and returns how many bytes are done with. The next
  // call's bytes begin with the rest, which is not looked at again. `place` is that of bytes[0].
  // `last`: nothing follows.
  virtual Result<size_t> split(std::string_view bytes, uint64_t place, bool last,
                               std::vector<Record>& records) = 0;
};

std::unique_ptr<RecordSplitter> make_splitter(const CutOptions& options);

}  // namespace lakeward::format
