#include "format/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lakeward::format {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Seen {
  Status status;
  std::vector<std::string> records;
  std::vector<uint64_t> places;
  std::vector<uint64_t> lines;
};

// The text's records when it comes in blocks of `block` bytes.
Seen cut_in_blocks(const CutOptions& options, std::string_view text, size_t block) {
  RecordCutter cutter(options);
  Seen seen;
  const auto note = [&](const Result<CutRecords>& cut) {
    seen.status = cut.status();
    if (!cut.ok()) return false;
    for (const Record& record : cut->records) {
      seen.records.emplace_back(record.payload);
      seen.places.push_back(record.place);
    }
    seen.lines.insert(seen.lines.end(), cut->lines.begin(), cut->lines.end());
    return true;
  };
  for (size_t at = 0; at < text.size() && !cutter.done(); at += block) {
    if (!note(cutter.feed(text.substr(at, block)))) return seen;
  }
  note(cutter.finish());
  return seen;
}

struct FramingCase {
  const char* name;
  Framing framing;
  std::string text;
  std::vector<std::string> records;
  std::string error = "";
};

const FramingCase kCases[] = {
    {"NoBytes", Framing::kLines, "", {}},
    {"OneLine", Framing::kLines, "a\n", {"a"}},
    {"NoLastLineEnd", Framing::kLines, "a\nb", {"a", "b"}},
    {"CarriageReturns", Framing::kLines, "a\r\nb\r\n", {"a", "b"}},
    {"CarriageReturnAtTheEnd", Framing::kLines, "a\r", {"a"}},
    {"CarriageReturnInside", Framing::kLines, "a\rb\n", {"a\rb"}},
    {"BlankLines", Framing::kLines, "\n\na\n\r\n  \t\n b\n\n", {"a", " b"}},
    {"ByteOrderMark", Framing::kLines, "\xEF\xBB\xBF{}\n{}\n", {"{}", "{}"}},
    {"OnlyAByteOrderMark", Framing::kLines, "\xEF\xBB\xBF", {}},
    {"TwoBytesOfAMark", Framing::kLines, "\xEF\xBB", {"\xEF\xBB"}},
    {"Zeros", Framing::kLines, std::string("a\0b\n", 4), {std::string("a\0b", 3)}},

    {"Rows", Framing::kCsv, "a,b\r\nc,d\n", {"a,b", "c,d"}},
    {"LineEndInQuotes", Framing::kCsv, "a,\"b\nc\"\nd,e\n", {"a,\"b\nc\"", "d,e"}},
    {"DoubledQuotes", Framing::kCsv, "\"a\"\"\nb\",c\nd\n", {"\"a\"\"\nb\",c", "d"}},
    {"EmptyQuotes", Framing::kCsv, "\"\",\"\"\n\"\"\n", {"\"\",\"\"", "\"\""}},
    {"QuoteInsideAField", Framing::kCsv, "5\" disk,x\nb,y\n", {"5\" disk,x", "b,y"}},
    {"QuoteThatIsNotClosed", Framing::kCsv, "a,\"b\nc,d\n", {"a,\"b\nc,d\n"}},

    {"Array", Framing::kJsonArray, "[1,2,3]", {"1", "2", "3"}},
    {"EmptyArray", Framing::kJsonArray, " [ ] \n", {}},
    {"NothingAtAll", Framing::kJsonArray, " \n ", {}},
    {"PrettyArray",
     Framing::kJsonArray,
     "[\n  {\"a\": 1},\n  {\n    \"b\": [1, 2]\n  }\n]\n",
     {"{\"a\": 1}", "{\n    \"b\": [1, 2]\n  }"}},
    {"SeveralArrays", Framing::kJsonArray, "[1][]\n[ 2 , 3 ]", {"1", "2", "3"}},
    {"BracketsInStrings",
     Framing::kJsonArray,
     R"([{"a":"]}\"\\"},"}]\\",[["[" ]],true , null])",
     {R"({"a":"]}\"\\"})", R"("}]\\")", R"([["[" ]])", "true", "null"}},
    {"NoArray", Framing::kJsonArray, " {\"a\":1}\n", {}, "expected '[' at byte 1"},
    {"MissingComma", Framing::kJsonArray, "[{} {}]", {}, "expected ',' or ']' at byte 4"},
    {"TwoCommas", Framing::kJsonArray, "[1,,2]", {}, "expected a value at byte 3"},
    {"CommaAtTheEnd", Framing::kJsonArray, "[1,]", {}, "expected a value at byte 3"},
    {"CommaFirst", Framing::kJsonArray, "[,1]", {}, "expected a value at byte 1"},
    {"CutOff", Framing::kJsonArray, "[] [1,{\"a\":", {}, "begins at byte 3 does not end"},
    {"CutOffInAString", Framing::kJsonArray, "[\"abc", {}, "does not end"},
    {"ClosedTooOften", Framing::kJsonArray, "[1]]", {}, "expected '[' at byte 3"},

    {"Whole", Framing::kWhole, "{\n\"a\": 1\n}\n", {"{\n\"a\": 1\n}\n"}},
    {"WholeButBlank", Framing::kWhole, " \n", {}},
};

class FramingOf : public testing::TestWithParam<FramingCase> {};

TEST_P(FramingOf, IsTheSameHoweverTheBytesCome) {
  const FramingCase& c = GetParam();
  for (size_t block = 1; block <= c.text.size() + 1; ++block) {
    SCOPED_TRACE(block);
    const Seen seen = cut_in_blocks({.framing = c.framing, .want_lines = true}, c.text, block);
    if (!c.error.empty()) {
      EXPECT_EQ(seen.status.code(), StatusCode::kCorruption);
      EXPECT_THAT(seen.status.message(), testing::HasSubstr(c.error));
      continue;
    }
    ASSERT_TRUE(seen.status.ok()) << seen.status.message();
    EXPECT_EQ(seen.records, c.records);
    for (size_t i = 0; i < seen.records.size(); ++i) {
      EXPECT_EQ(c.text.substr(seen.places[i], seen.records[i].size()), seen.records[i]);
      EXPECT_EQ(seen.lines[i], 1 + count_line_ends(c.text.substr(0, seen.places[i])));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, FramingOf, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(RecordCutter, GivesEachLineToExactlyOneOfTheRangesOfAFile) {
  const std::string text = "one\n\ntwo\r\nthree\n\n\nfour is longer\n5\n6";
  const std::vector<std::string> all = cut_in_blocks({}, text, 100).records;
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      std::vector<std::string> seen;
      const size_t bounds[] = {0, first, second, text.size()};
      for (int part = 0; part < 3; ++part) {
        const size_t from = bounds[part];
        const size_t begin = from == 0 ? 0 : from - 1;
        CutOptions options;
        options.first_place = begin;
        options.drop_first = from != 0;
        options.end_place = bounds[part + 1];
        for (const std::string& record :
             cut_in_blocks(options, std::string_view(text).substr(begin), 3).records) {
          seen.push_back(record);
        }
      }
      EXPECT_EQ(seen, all) << first << ", " << second;
    }
  }
}

TEST(RecordCutter, KeepsLentRecordsUntouchedWhileItGoesOn) {
  RecordCutter cutter({});
  std::vector<CutRecords> all;
  std::string text;
  for (int i = 0; i < 1'000; ++i)
    text += std::string(1 + i % 300, static_cast<char>('a' + i % 26)) + "\n";
  for (size_t at = 0; at < text.size(); at += 777) {
    all.push_back(std::move(cutter.feed(std::string_view(text).substr(at, 777))).value());
  }
  all.push_back(std::move(cutter.finish()).value());
  std::string again;
  for (const CutRecords& cut : all) {
    for (const Record& record : cut.records) again += std::string(record.payload) + "\n";
  }
  EXPECT_EQ(again, text);
}

TEST(RecordCutter, TakesALineOfAHundredMegabytes) {
  RecordCutter cutter({});
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(cutter.feed(block)->records.empty());
  const auto cut = cutter.feed("\n");
  ASSERT_EQ(cut->records.size(), 1u);
  EXPECT_EQ(cut->records[0].payload.size(), 100u << 20);
}

TEST(RecordCutter, RefusesARecordThatIsTooLarge) {
  RecordCutter cutter({.framing = Framing::kCsv, .max_record_bytes = 100});
  ASSERT_TRUE(cutter.feed("a,b\n\"c\n").ok());
  const auto cut = cutter.feed(std::string(200, '\n'));
  EXPECT_EQ(cut.status().code(), StatusCode::kCorruption);
  EXPECT_EQ(cut.status().message(), "the record at byte 4 is longer than 100 bytes");
  EXPECT_FALSE(cutter.finish().ok());
}

}  // namespace
}  // namespace lakeward::format
