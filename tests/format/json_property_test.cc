// Random documents, whole and damaged, through the decoder and through a slow reading of the same
// rules on top of nlohmann-json: the same rows, the same rejections.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>

#include "format/decoding.h"
#include "format/json_format.h"

namespace lakeward::format {
namespace {

using Json = nlohmann::json;
using Random = std::mt19937_64;

const engine::Schema kColumns = {{"i", "INTEGER"}, {"s", "VARCHAR"}, {"b", "BOOLEAN"},
                                 {"d", "DOUBLE"},  {"l", "BIGINT"},  {"j", "JSON"}};

size_t below(Random& random, size_t limit) { return static_cast<size_t>(random() % limit); }

std::string random_text(Random& random) {
  static const char* const kPieces[] = {"a",
                                        "bc",
                                        "é",
                                        "日",
                                        "😀",
                                        "\\n",
                                        "\\\"",
                                        "\\u00e9",
                                        "\\ud83d\\ude00",
                                        "}",
                                        ",",
                                        ":",
                                        "{",
                                        "]",
                                        " ",
                                        "a longer piece of text"};
  std::string text = "\"";
  for (size_t n = below(random, 6); n > 0; --n) text += kPieces[below(random, std::size(kPieces))];
  return text + "\"";
}

std::string random_value(Random& random, int depth) {
  static const char* const kScalars[] = {"null", "true", "false",      "0",     "-1",         "42",
                                         "3.5",  "1e3",  "2147483648", "-0.25", "12345678901"};
  const size_t kind = below(random, depth > 3 ? 6 : 8);
  if (kind < 4) return kScalars[below(random, std::size(kScalars))];
  if (kind < 6) return random_text(random);
  std::string text = kind == 6 ? "[" : "{";
  for (size_t n = below(random, 3), i = 0; i < n; ++i) {
    if (i > 0) text += ", ";
    if (kind == 7) text += "\"k" + std::to_string(i) + "\":";
    text += random_value(random, depth + 1);
  }
  return text + (kind == 6 ? "]" : "}");
}

std::string random_record(Random& random) {
  static const char* const kNames[] = {"i", "s", "b", "d", "l", "j", "x", "\\u0069"};
  static const char* const kBlanks[] = {"", "", "", " ", "\t", "\r "};
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5, 6};
  if (below(random, 2) == 0) std::shuffle(order.begin(), order.end(), random);
  order.resize(below(random, 8));
  if (below(random, 20) == 0) order.push_back(below(random, std::size(kNames)));
  const auto blank = [&] { return kBlanks[below(random, std::size(kBlanks))]; };
  std::string text = "{";
  for (size_t i = 0; i < order.size(); ++i) {
    text += std::string(i > 0 ? "," : "") + blank() + "\"" + kNames[order[i]] + "\"" + blank() +
            ":" + blank() + random_value(random, 0) + blank();
  }
  text += "}";
  if (below(random, 4) == 0) {  // damage
    const size_t at = below(random, text.size());
    static const std::string kDamage =
        "\"\\{}[],:0-e. \x01\x80\xff"
        "t";
    switch (below(random, 3)) {
      case 0:
        text[at] = kDamage[below(random, kDamage.size())];
        break;
      case 1:
        text.erase(at, 1);
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

// A value's text in the column, "NULL", or nothing if it must be refused.
std::optional<std::string> reference_cell(const std::string& type, const Json& value) {
  if (value.is_null()) return "NULL";
  if (type == "BOOLEAN" && value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (type == "VARCHAR" && value.is_string()) return value.get<std::string>();
  if (type == "VARCHAR" && !value.is_structured()) return "some scalar's text";
  if (type == "DOUBLE" && value.is_number()) return std::to_string(value.get<double>());
  if (type == "JSON") return "some JSON";
  if (!value.is_number_integer()) return std::nullopt;
  const auto number = value.get<int64_t>();
  if (type == "BIGINT") return std::to_string(number);
  if (type != "INTEGER" || number != static_cast<int32_t>(number)) return std::nullopt;
  return std::to_string(number);
}

// The row of a record, or nothing if it must be rejected.
std::optional<std::vector<std::string>> reference_row(const std::string& record) {
  std::set<std::string> names;
  bool twice = false;
  const auto note_names = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1) {
      const auto name = parsed.get<std::string>();
      const bool declared = std::any_of(kColumns.begin(), kColumns.end(),
                                        [&](const auto& column) { return column.name == name; });
      twice = twice || (declared && !names.insert(name).second);
    }
    return true;
  };
  const Json json = Json::parse(record, note_names, false);
  if (!json.is_object() || twice) return std::nullopt;
  std::vector<std::string> row;
  for (const engine::Column& column : kColumns) {
    const auto found = json.find(column.name);
    auto cell = found == json.end() ? "NULL" : reference_cell(column.type, *found);
    if (!cell) return std::nullopt;
    row.push_back(*std::move(cell));
  }
  return row;
}

TEST(JsonDecoder, AgreesWithASlowDecoderOnRandomDocuments) {
  Random random(20'260'101);  // NOLINT: the same documents each time
  std::vector<std::string> records;
  for (int i = 0; i < 100'000; ++i) records.push_back(random_record(random));

  JsonOptions options;
  options.columns = kColumns;
  const auto format = std::move(make_json_format(options)).value();
  const Decoded decoded = decode_all(*format, records,
                                     "SELECT i::VARCHAR, s, b::VARCHAR, printf('%f', d), "
                                     "l::VARCHAR, j, json_valid(j)::VARCHAR FROM input");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
  EXPECT_EQ(decoded.rows.size() + decoded.rejections.size(), records.size());
  EXPECT_GT(decoded.rejections.size(), 10'000u);
  EXPECT_GT(decoded.rows.size(), 10'000u);

  size_t row = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const bool decoded_it = row < decoded.rows.size() && decoded.row_records[row] == i;
    const auto expected = reference_row(records[i]);
    ASSERT_EQ(decoded_it, expected.has_value()) << records[i];
    if (!decoded_it) continue;
    const std::vector<std::string>& cells = decoded.rows[row++];
    for (size_t c = 0; c < kColumns.size(); ++c) {
      if ((*expected)[c] == "some scalar's text") {
        EXPECT_NE(records[i].find(cells[c]), std::string::npos) << records[i];
      } else if ((*expected)[c] == "some JSON") {
        EXPECT_EQ(cells.back(), "true") << records[i];
        EXPECT_NE(records[i].find(cells[c]), std::string::npos) << records[i];
      } else {
        EXPECT_EQ(cells[c], (*expected)[c]) << kColumns[c].name << " of " << records[i];
      }
    }
  }
}

}  // namespace
}  // namespace lakeward::format
