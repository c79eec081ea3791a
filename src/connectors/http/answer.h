// An answer of the server, as the checkpoint keeps it until its records are committed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "format/decoder.h"
#include "format/record_batch.h"

namespace lakeward::connectors::http {

struct Answer {
  Timestamp time;  // when it came
  std::string etag;
  std::string last_modified;
  std::string content_type;
  std::string body;

  // A line of JSON, then the body.
  std::string to_file() const;
  // Errors: Corruption.
  static Result<Answer> parse(std::string file);
};

// How records are found in an answer.
struct Cutting {
  bool json = true;     // else as `framing` says
  std::string records;  // a JSON pointer, or "" for the whole body
  format::Framing framing = format::Framing::kLines;
  const format::CsvOptions* csv = nullptr;  // with kCsv; a header is among the records
};

// The records in `answer.body`, by their byte offsets; views into it. To have format::kPadding
// bytes behind the last one, the body's capacity is made large enough.
//
// JSON: an array's elements, an object, or (by the content type) one value a line; a body that is
// no JSON at all is one record, for the decoder to reject. Errors: Unavailable if the pointer leads
// nowhere, or to neither an array nor an object: the next answer may be better.
Result<std::vector<format::Record>> cut_records(Answer& answer, const Cutting& cutting);

}  // namespace lakeward::connectors::http
