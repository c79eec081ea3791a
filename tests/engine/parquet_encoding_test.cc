#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/parquet/dictionary.h"
#include "engine/parquet/runs.h"
#include "engine/parquet/statistics.h"
#include "engine/parquet/thrift.h"

namespace lakeward::engine::parquet {
namespace {

// Reads what append_runs() wrote, as the format's description says it.
std::vector<uint32_t> read_runs(const std::string& bytes, int width, size_t count) {
  std::vector<uint32_t> numbers;
  size_t at = 0;
  const auto byte = [&] { return static_cast<uint8_t>(bytes.at(at++)); };
  while (numbers.size() < count) {
    uint64_t header = 0;
    for (int shift = 0;; shift += 7) {
      const uint8_t part = byte();
      header |= uint64_t{part & 0x7FU} << shift;
      if (part < 0x80) break;
    }
    if ((header & 1) == 0) {
      uint32_t number = 0;
      for (int bits = 0; bits < width; bits += 8) number |= uint32_t{byte()} << bits;
      numbers.insert(numbers.end(), header >> 1, number);
      continue;
    }
    const size_t begin = at;
    const size_t packed = (header >> 1) * 8;
    for (size_t i = 0; i < packed; ++i) {
      uint32_t number = 0;
      for (int bit = 0; bit < width; ++bit) {
        const size_t place = i * static_cast<size_t>(width) + static_cast<size_t>(bit);
        const auto from = static_cast<uint8_t>(bytes.at(begin + place / 8));
        number |= (uint32_t{from} >> (place % 8) & 1) << bit;
      }
      numbers.push_back(number);
    }
    at = begin + (header >> 1) * static_cast<size_t>(width);
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_LT(numbers.size() - count, 8u) << "only the last group is filled up";
  numbers.resize(count);
  return numbers;
}

TEST(ParquetRuns, ComeBackWhateverTheirWidthAndLength) {
  Random random(11);
  for (int width = 1; width <= 32; ++width) {
    for (const size_t count : {0, 1, 7, 8, 9, 16, 31, 1'000}) {
      std::vector<uint32_t> numbers;
      while (numbers.size() < count) {
        const auto number = static_cast<uint32_t>(random.below(uint64_t{1} << width));
        const size_t times = random.below(3) == 0 ? 1 + random.below(40) : 1;
        numbers.insert(numbers.end(), std::min(times, count - numbers.size()), number);
      }
      std::string bytes;
      append_runs(numbers, width, bytes);
      EXPECT_EQ(read_runs(bytes, width, count), numbers) << width << " bits, " << count;
    }
  }
}

TEST(ParquetRuns, OfOneNumberAreShort) {
  std::string bytes;
  append_runs(std::vector<uint32_t>(100'000, 5), 3, bytes);
  EXPECT_LE(bytes.size(), 4u);
}

TEST(ParquetDictionary, NumbersEachTextOnce) {
  TextDictionary dictionary(42);
  std::vector<std::string> texts;
  for (int i = 0; i < 5'000; ++i) {
    // Of all lengths around what DuckDB keeps inline, alike at both ends.
    texts.push_back(std::string(static_cast<size_t>(i % 30), 'x') + std::to_string(i) + "end");
  }
  const auto string_of = [](const std::string& text) {
    duckdb_string_t cell{};
    cell.value.inlined.length = static_cast<uint32_t>(text.size());
    if (text.size() <= sizeof(cell.value.inlined.inlined)) {
      std::memcpy(cell.value.inlined.inlined, text.data(), text.size());
    } else {
      std::memcpy(cell.value.pointer.prefix, text.data(), sizeof(cell.value.pointer.prefix));
      cell.value.pointer.ptr = const_cast<char*>(text.data());
    }
    return cell;
  };
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(dictionary.code(string_of(texts[i])), i);
      EXPECT_EQ(dictionary.text(static_cast<uint32_t>(i)), texts[i]);
    }
  }
  EXPECT_EQ(dictionary.size(), texts.size());
}

TEST(ParquetDictionary, TellsNumbersApartByTheirBits) {
  NumberDictionary<double> dictionary(42);
  EXPECT_EQ(dictionary.code(0.0), 0u);
  EXPECT_EQ(dictionary.code(-0.0), 1u);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(dictionary.code(nan), 2u);
  EXPECT_EQ(dictionary.code(nan), 2u);
  for (int i = 0; i < 10'000; ++i)
    EXPECT_EQ(dictionary.code(i + 0.5), 3u + static_cast<uint32_t>(i));
}

TEST(ParquetStatistics, ValuesAreWrittenAsReadersOfTheLogExpectThem) {
  const auto of = [](duckdb_type id, int scale = 0) {
    ColumnType type;
    type.id = id;
    type.scale = scale;
    return type;
  };
  struct Case {
    ColumnType type;
    int64_t value;
    std::optional<std::string> text;
  };
  const int64_t day = 86'400'000'000;
  const std::vector<Case> cases = {
      {of(DUCKDB_TYPE_BIGINT), -5, "-5"},
      {of(DUCKDB_TYPE_DECIMAL, 2), -5, "-0.05"},
      {of(DUCKDB_TYPE_DECIMAL, 2), 12'345, "123.45"},
      {of(DUCKDB_TYPE_DECIMAL, 0), 7, "7"},
      {of(DUCKDB_TYPE_DECIMAL, 18), std::numeric_limits<int64_t>::min() + 1,
       "-9.223372036854775807"},
      {of(DUCKDB_TYPE_DATE), 0, "1970-01-01"},
      {of(DUCKDB_TYPE_DATE), -719'162, "0001-01-01"},
      {of(DUCKDB_TYPE_DATE), -719'163, std::nullopt},
      {of(DUCKDB_TYPE_DATE), 2'932'896, "9999-12-31"},
      {of(DUCKDB_TYPE_DATE), 2'932'897, std::nullopt},
      {of(DUCKDB_TYPE_TIMESTAMP_TZ), 1, "1970-01-01T00:00:00.000001Z"},
      {of(DUCKDB_TYPE_TIMESTAMP), 2'932'897 * day - 1, "9999-12-31T23:59:59.999999Z"},
      {of(DUCKDB_TYPE_TIMESTAMP), 2'932'897 * day, std::nullopt},
      {of(DUCKDB_TYPE_TIMESTAMP), std::numeric_limits<int64_t>::max(), std::nullopt},
  };
  for (const Case& one : cases) EXPECT_EQ(value_text(one.type, one.value), one.text);
}

TEST(ParquetStatistics, BoundsLeaveOutNaNAndTellBothZeros) {
  NumberBounds<double> bounds;
  EXPECT_FALSE(bounds.plain());
  bounds.add(0.0);
  ASSERT_TRUE(bounds.plain());
  EXPECT_EQ(bounds.plain()->min[7], '\x80') << "-0.0, which is below 0.0 for some readers";
  EXPECT_EQ(bounds.plain()->max[7], '\0');
  bounds.add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(bounds.plain());
  EXPECT_TRUE(bounds.has_nan());
  EXPECT_EQ(bounds.max(), 0.0);
}

// Thrift's own description of the compact protocol has these encodings.
TEST(ParquetThrift, WritesFieldsListsAndStructs) {
  ThriftWriter out;
  out.begin_struct();
  out.field(1, int32_t{-1});
  out.field(2, true);
  out.field(20, std::string_view("ab"));
  out.list(21, std::vector<int32_t>(15, 1));
  out.begin_struct(22);
  out.field(1, int64_t{300});
  out.end_struct();
  out.end_struct();
  const std::string expected = std::string(
                                   "\x15\x01\x11\x08\x28\x02"
                                   "ab\x19\xF5\x0F",
                                   11) +
                               std::string(15, '\x02') + std::string("\x1C\x16\xD8\x04\0\0", 6);
  EXPECT_EQ(out.str(), expected);
}

}  // namespace
}  // namespace lakeward::engine::parquet
