#include "connectors/http/answer.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "format/csv_format.h"
#include "format/framing.h"

namespace lakeward::connectors::http {
namespace {

constexpr size_t kPadding =
    simdjson::SIMDJSON_PADDING > format::kPadding ? simdjson::SIMDJSON_PADDING : format::kPadding;

using Records = std::vector<format::Record>;

// The records of `part`, which is within `body`.
Result<Records> cut_part(std::string_view body, std::string_view part, format::Framing framing,
                         const format::CsvOptions* csv = nullptr) {
  format::CutOptions options{.framing = framing};
  if (csv != nullptr) {
    options.csv_delimiter = csv->delimiter;
    options.csv_quote = csv->quote;
  }
  format::RecordCutter cutter(options);
  const auto offset = static_cast<uint64_t>(part.data() - body.data());
  Records records;
  // The cutter has its own copy; its places lead back to our memory.
  const auto add = [&](const format::CutRecords& cut) {
    for (const format::Record& record : cut.records) {
      records.push_back({part.substr(record.place, record.payload.size()), offset + record.place});
    }
  };
  ASSIGN_OR_RETURN(const format::CutRecords begin, cutter.feed(part));
  add(begin);
  ASSIGN_OR_RETURN(const format::CutRecords end, cutter.finish());
  add(end);
  return records;
}

Records whole(std::string_view body) {
  const size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  const size_t end = body.find_last_not_of(" \t\r\n");
  return {{body.substr(begin, end + 1 - begin), begin}};
}

// The text of the value at a pointer; empty if there is none, or it is a scalar.
std::string_view find_value(std::string& body, const std::string& pointer) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  if (parser.iterate(body.data(), body.size(), body.capacity()).get(document) !=
      simdjson::SUCCESS) {
    return {};
  }
  simdjson::ondemand::value value;
  if (document.at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  std::string_view text;
  simdjson::ondemand::array array;
  simdjson::ondemand::object object;
  if (value.get_array().get(array) == simdjson::SUCCESS) {
    if (array.raw_json().get(text) != simdjson::SUCCESS) return {};
  } else if (value.get_object().get(object) == simdjson::SUCCESS) {
    if (object.raw_json().get(text) != simdjson::SUCCESS) return {};
  }
  return text;
}

bool is_lines(std::string_view content_type) {
  return content_type.find("ndjson") != std::string_view::npos ||
         content_type.find("jsonl") != std::string_view::npos ||
         content_type.find("json-lines") != std::string_view::npos;
}

}  // namespace

std::string Answer::to_file() const {
  const nlohmann::json head = {{"time_us", time.micros},
                               {"etag", etag},
                               {"last_modified", last_modified},
                               {"content_type", content_type}};
  return head.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n" + body;
}

Result<Answer> Answer::parse(std::string file) {
  const size_t line = file.find('\n');
  const nlohmann::json head =
      nlohmann::json::parse(file.substr(0, line == std::string::npos ? 0 : line), nullptr, false);
  if (!head.is_object() || !head.contains("time_us")) {
    return corruption("an answer kept in the checkpoint is damaged: it has no first line of JSON");
  }
  Answer answer;
  answer.time.micros = head.value("time_us", int64_t{0});
  answer.etag = head.value("etag", "");
  answer.last_modified = head.value("last_modified", "");
  answer.content_type = head.value("content_type", "");
  answer.body = std::move(file);
  answer.body.erase(0, line + 1);
  return answer;
}

Result<Records> cut_records(Answer& answer, const Cutting& cutting) {
  std::string& body = answer.body;
  body.reserve(body.size() + kPadding);
  if (!cutting.json) return cut_part(body, body, cutting.framing, cutting.csv);
  if (cutting.records.empty()) {
    if (is_lines(answer.content_type)) return cut_part(body, body, format::Framing::kLines);
    const size_t first = body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || body[first] != '[') return whole(body);
    Result<Records> elements = cut_part(body, body, format::Framing::kJsonArray);
    return elements.ok() ? std::move(elements) : Result<Records>(whole(body));
  }
  const std::string_view value = find_value(body, cutting.records);
  if (value.empty()) {
    return unavailable("the answer has no array or object at '" + cutting.records +
                       "'; it begins with: " + body.substr(0, 200));
  }
  if (value.front() == '[') return cut_part(body, value, format::Framing::kJsonArray);
  return Records{{value, static_cast<uint64_t>(value.data() - body.data())}};
}

}  // namespace lakeward::connectors::http
