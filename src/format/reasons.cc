#include "format/reasons.h"

#include <simdjson.h>

namespace lakeward::format {

std::string excerpt(std::string_view text) {
  constexpr size_t kMaxBytes = 80;
  const bool cut = text.size() > kMaxBytes;
  if (cut) {
    size_t length = kMaxBytes;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    text = text.substr(0, length);
  }
  std::string result(text);
  const bool utf8 = simdjson::validate_utf8(result);
  for (char& c : result) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) c = '?';
  }
  return cut ? result + "…" : result;
}

std::string with_article(std::string_view type) {
  const bool vowel = !type.empty() && std::string_view("AEIO").find(type[0]) != std::string::npos;
  return (vowel ? "an " : "a ") + std::string(type);
}

std::string describe_place(const RecordBatch& batch, size_t record) {
  const uint64_t place = batch.records[record].place;
  if (batch.provenance != nullptr && !batch.provenance->file.empty()) {
    return batch.provenance->file + " at byte " + std::to_string(place);
  }
  if (batch.provenance != nullptr && !batch.provenance->topic.empty()) {
    const int64_t offset =
        batch.offsets.empty() ? static_cast<int64_t>(place) : batch.offsets[record];
    return "topic " + batch.provenance->topic + ", partition " +
           std::to_string(batch.provenance->partition) + ", offset " + std::to_string(offset);
  }
  return "record " + std::to_string(place);
}

}  // namespace lakeward::format
