#include "base/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace lakeward {
namespace {

TEST(ParseBytes, ReadsBinaryAndDecimalUnits) {
  const std::pair<const char*, uint64_t> cases[] = {
      {"0", 0},
      {"1024", 1024},
      {"1 B", 1},
      {"512MiB", 512ULL << 20},
      {"2 GiB", 2ULL << 30},
      {"2gib", 2ULL << 30},
      {"100MB", 100'000'000},
      {"1.5GiB", 3ULL << 29},
      {"10K", 10 << 10},
      {" 3 TB ", 3'000'000'000'000},
  };
  for (const auto& [text, bytes] : cases) {
    const auto read = parse_bytes(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, bytes) << text;
  }
}

TEST(ParseBytes, RefusesWhatIsNotASize) {
  for (const char* text : {"", "MiB", "-1", "1 XB", "1..5 GiB", "5.", ".5 GiB", "1GiB2", "1 2",
                           "9999999999999 TiB", "99999999999999999999", "1e3"}) {
    const auto read = parse_bytes(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(read.status().message().find(text), std::string::npos) << text;
  }
}

TEST(FormatBytes, UsesTheLargestUnitThatFits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1 KiB");
  EXPECT_EQ(format_bytes(3ULL << 29), "1.5 GiB");
  EXPECT_EQ(format_bytes((1ULL << 20) - 1), "1 MiB");
  EXPECT_EQ(format_bytes(512ULL << 20), "512 MiB");
}

TEST(ParseDuration, ReadsUnitsAndTheirCombinations) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},
      {"50ms", 50'000},
      {"7 us", 7},
      {"1s", 1'000'000},
      {"1.5s", 1'500'000},
      {"10 minutes", 600'000'000},
      {"2h", 7'200'000'000},
      {"1d", 86'400'000'000},
      {"1 week", 604'800'000'000},
      {"1h30m", 5'400'000'000},
      {"1 hour 30 minutes", 5'400'000'000},
  };
  for (const auto& [text, micros] : cases) {
    const auto read = parse_duration(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(read->count(), micros) << text;
  }
}

TEST(ParseDuration, RefusesWhatIsNotADuration) {
  for (const char* text :
       {"", "5", "s", "-1s", "1 fortnight", "1h 5", "1s,", "999999999999999 d", "1.2.3s"}) {
    EXPECT_EQ(parse_duration(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(FormatDuration, ShowsTwoUnitsAtMost) {
  EXPECT_EQ(format_duration(Duration{0}), "0 s");
  EXPECT_EQ(format_duration(Duration{12}), "12 us");
  EXPECT_EQ(format_duration(Duration{350'000}), "350 ms");
  EXPECT_EQ(format_duration(Duration{1'500'000}), "1.5 s");
  EXPECT_EQ(format_duration(Duration{59'999'999}), "59.9 s");
  EXPECT_EQ(format_duration(Duration{2'000'000}), "2 s");
  EXPECT_EQ(format_duration(Duration{123'000'000}), "2 min 3 s");
  EXPECT_EQ(format_duration(Duration{3'600'000'000}), "1 h");
  EXPECT_EQ(format_duration(Duration{90'000'000'000}), "1 d 1 h");
  EXPECT_EQ(format_duration(Duration{-350'000}), "-350 ms");
}

TEST(FormatDuration, IsReadBackByParseDuration) {
  for (const int64_t micros : {1, 350'000, 1'500'000, 123'000'000}) {
    const auto read = parse_duration(format_duration(Duration{micros}));
    ASSERT_TRUE(read.ok()) << micros;
    EXPECT_EQ(read->count(), micros);
  }
}

TEST(FormatCount, NamesOneOrMany) {
  EXPECT_EQ(format_count(0, "row"), "0 rows");
  EXPECT_EQ(format_count(1, "dead letter"), "1 dead letter");
  EXPECT_EQ(format_count(1234, "row"), "1,234 rows");
}

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_count(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(ParseTimestamp, ReadsIso8601InItsForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"},
      {"2026-01-01", "2026-01-01T00:00:00.000000Z"},
      {"2026-01-01 12:34", "2026-01-01T12:34:00.000000Z"},
      {"2026-01-01 12:34:56.7", "2026-01-01T12:34:56.700000Z"},
      {"2026-01-01T12:34:56.123456789Z", "2026-01-01T12:34:56.123456Z"},
      {"2026-01-01T00:00:00+02:00", "2025-12-31T22:00:00.000000Z"},
      {"2026-01-01T00:00:00-0330", "2026-01-01T03:30:00.000000Z"},
      {"2026-01-01T00:00:00-03", "2026-01-01T03:00:00.000000Z"},
      {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
      {"0001-01-01", "0001-01-01T00:00:00.000000Z"},
      {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
  };
  for (const auto& [text, formatted] : cases) {
    const auto read = parse_timestamp(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(format_timestamp(*read, true), formatted) << text;
  }
}

TEST(ParseTimestamp, RefusesWhatIsNotATimestamp) {
  for (const char* text :
       {"", "now", "2026", "2026-13-01", "2026-02-29", "2026-01-32", "2026-01-01T",
        "2026-01-01T24:00", "2026-01-01T12", "2026-01-01T12:00:00.Z", "2026-01-01T12:00:00+",
        "2026-01-01T12:00:00+2", "2026-01-01T12:00:00Zx", "2026-01-01X12:00:00Z",
        "2026-01-01T12:60:00Z"}) {
    EXPECT_EQ(parse_timestamp(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(FormatTimestamp, ShowsMillisecondsUnlessAskedForMicroseconds) {
  EXPECT_EQ(format_timestamp(Timestamp{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp(Timestamp{1'234'567}), "1970-01-01T00:00:01.234Z");
  EXPECT_EQ(format_timestamp(Timestamp{-1}), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace lakeward
