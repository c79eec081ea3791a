#include "engine/parquet/column_encoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "engine/parquet/column_values.h"
#include "engine/parquet/runs.h"

namespace lakeward::engine::parquet {
namespace {

constexpr size_t kPageRows = 20'480;
constexpr size_t kPageBytes = size_t{1} << 20;
// Beyond this a dictionary no longer fits into a processor's cache, and readers pay more than they
// gain.
constexpr size_t kDictionaryValues = 32'768;
constexpr size_t kDictionaryBytes = size_t{1} << 20;
// A column that had no use for a dictionary is tried again after so many row groups.
constexpr int kGroupsWithout = 7;

template <typename Values>
class LeafEncoder final : public ColumnEncoder {
 public:
  LeafEncoder(const ColumnType& type, uint64_t seed) : type_(type), values_(seed) { begin_group(); }

  Status append(const VectorView& column, size_t rows, PageWriter& writer) override {
    for (size_t row = 0; row < rows;) {
      const Room room = values_.room(column, row, rows);
      append_rows(column, row, row + room.rows);
      row += room.rows;
      page_bytes_ += room.bytes;
      if (page_is_full()) RETURN_IF_ERROR(finish_page(writer));
    }
    return ok_status();
  }

  Result<ColumnChunk> finish(PageWriter& writer) override {
    if (page_rows_ > 0) RETURN_IF_ERROR(finish_page(writer));
    ColumnChunk chunk;
    chunk.values = group_rows_;
    chunk.nulls = group_nulls_;
    if (has_coded_pages_) RETURN_IF_ERROR(add_dictionary(writer, chunk));
    chunk.pages.bytes += pages_.bytes;
    chunk.pages.uncompressed += pages_.uncompressed;
    if (has_coded_pages_) chunk.encodings.push_back(Encoding::kRleDictionary);
    if (has_plain_pages_ || has_coded_pages_) chunk.encodings.push_back(Encoding::kPlain);
    chunk.encodings.push_back(Encoding::kRle);
    clear_dictionary();
    chunk.bounds = values_.bounds().plain();
    file_bounds_.add(values_.bounds());
    file_nulls_ += group_nulls_;
    begin_group();
    return chunk;
  }

  size_t held() const override {
    return pages_.bytes.size() + values_.held() + codes_.size() * sizeof(uint32_t);
  }

  size_t uncompressed() const override {
    return static_cast<size_t>(pages_.uncompressed) + values_.held();
  }

  void add_statistics(const ColumnEncoder& other) override {
    const auto& same = static_cast<const LeafEncoder&>(other);
    file_bounds_.add(same.file_bounds_);
    file_nulls_ += same.file_nulls_;
  }

  ColumnStatistics statistics() const override {
    ColumnStatistics statistics;
    statistics.null_count = static_cast<uint64_t>(file_nulls_);
    if (!file_bounds_.any()) return statistics;
    statistics.min = text(file_bounds_.min());
    statistics.max = text(file_bounds_.max());
    if constexpr (!std::is_same_v<Values, TextValues>) {
      statistics.has_nan = file_bounds_.has_nan();
    }
    return statistics;
  }

 private:
  std::optional<std::string> text(const std::string& value) const { return value; }
  std::optional<std::string> text(float value) const { return value_text(type_, value); }
  std::optional<std::string> text(double value) const { return value_text(type_, value); }
  std::optional<std::string> text(int64_t value) const { return value_text(type_, value); }
  std::optional<std::string> text(int32_t value) const { return text(int64_t{value}); }
  std::optional<std::string> text(int8_t value) const { return text(int64_t{value}); }

  void begin_group() {
    pages_ = Pages();
    group_rows_ = 0;
    group_nulls_ = 0;
    has_coded_pages_ = false;
    has_plain_pages_ = false;
    values_.bounds().clear();
    coding_ = Values::kHasDictionary && groups_without_-- <= 0;
  }

  bool page_is_full() const {
    if (page_rows_ >= kPageRows) return true;
    if constexpr (Values::kHasDictionary) {
      if (coding_) {
        if (values_.dictionary_bytes() - dictionary_before_ >= kPageBytes) return true;
        // Only its end shows whether the first page is written as codes or as plain values.
        return !has_coded_pages_ && page_bytes_ >= kPageBytes;
      }
    }
    return page_bytes_ >= kPageBytes;
  }

  void append_rows(const VectorView& column, size_t begin, size_t end) {
    for_each_run(column, begin, end, [&](size_t first, size_t last) {
      if constexpr (Values::kHasDictionary) {
        if (coding_) {
          const size_t known = codes_.size();
          codes_.resize(known + last - first);
          return values_.code(column, first, last, codes_.data() + known);
        }
      }
      values_.add(column, first, last);
    });
    page_rows_ += end - begin;
  }

  // Notes which rows are NULL and visits the others, as many as possible at a time.
  template <typename Visit>
  void for_each_run(const VectorView& column, size_t begin, size_t end, Visit visit) {
    if (!column.may_have_nulls()) {
      if (!levels_.empty()) levels_.resize(levels_.size() + end - begin, 1);
      return visit(begin, end);
    }
    levels_.resize(page_rows_, 1);
    size_t first = begin;
    for (size_t row = begin; row < end; ++row) {
      const bool is_null = column.is_null(row);
      levels_.push_back(is_null ? 0 : 1);
      if (!is_null) continue;
      if (first < row) visit(first, row);
      first = row + 1;
      ++group_nulls_;
    }
    if (first < end) visit(first, end);
  }

  // Parquet format, "Data Pages": the levels behind their length, then the values.
  Status finish_page(PageWriter& writer) {
    body_.assign(sizeof(uint32_t), '\0');
    if (levels_.empty()) {
      append_run(1, page_rows_, 1, body_);
    } else {
      append_runs(levels_, 1, body_);
    }
    const auto size = static_cast<uint32_t>(body_.size() - sizeof(uint32_t));
    std::memcpy(body_.data(), &size, sizeof(size));
    const Encoding encoding = append_values();
    RETURN_IF_ERROR(writer.add_data(body_, page_rows_, encoding, pages_));
    group_rows_ += static_cast<int64_t>(page_rows_);
    page_rows_ = 0;
    page_bytes_ = 0;
    levels_.clear();
    codes_.clear();
    if constexpr (Values::kHasDictionary) dictionary_before_ = values_.dictionary_bytes();
    return ok_status();
  }

  Encoding append_values() {
    if constexpr (Values::kHasDictionary) {
      if (coding_) return append_codes();
    }
    has_plain_pages_ = true;
    values_.take_plain(body_);
    return Encoding::kPlain;
  }

  Encoding append_codes() {
    if (codes_.empty()) {  // all are NULL: nothing to code, and nothing to learn
      has_plain_pages_ = true;
      return Encoding::kPlain;
    }
    if (!has_coded_pages_ && 2 * values_.dictionary_size() > codes_.size()) {
      // Hardly a value comes twice.
      values_.append_plain(codes_, body_);
      clear_dictionary();
      coding_ = false;
      groups_without_ = kGroupsWithout;
      has_plain_pages_ = true;
      return Encoding::kPlain;
    }
    has_coded_pages_ = true;
    const auto largest = static_cast<uint32_t>(values_.dictionary_size() - 1);
    const int width = std::max(1, bit_width(largest));
    body_ += static_cast<char>(width);
    append_runs(codes_, width, body_);
    coding_ = values_.dictionary_size() < kDictionaryValues &&
              values_.dictionary_bytes() < kDictionaryBytes;
    return Encoding::kRleDictionary;
  }

  Status add_dictionary(PageWriter& writer, ColumnChunk& chunk) {
    if constexpr (Values::kHasDictionary) {
      body_.clear();
      values_.append_dictionary(body_);
      RETURN_IF_ERROR(writer.add_dictionary(body_, values_.dictionary_size(), chunk.pages));
      chunk.dictionary_bytes = static_cast<int64_t>(chunk.pages.bytes.size());
    }
    return ok_status();
  }

  void clear_dictionary() {
    if constexpr (Values::kHasDictionary) values_.clear_dictionary();
    dictionary_before_ = 0;
  }

  const ColumnType type_;
  Values values_;

  // Of the page.
  size_t page_rows_ = 0;
  size_t page_bytes_ = 0;         // of its values, as if none came twice
  size_t dictionary_before_ = 0;  // bytes of the dictionary when it began
  std::vector<uint32_t> levels_;  // 0: NULL; empty until there may be one
  std::vector<uint32_t> codes_;
  std::string body_;

  // Of the row group.
  Pages pages_;
  int64_t group_rows_ = 0;
  int64_t group_nulls_ = 0;
  bool coding_ = false;  // the page's values become codes
  bool has_coded_pages_ = false;
  bool has_plain_pages_ = false;

  // Of all.
  int groups_without_ = 0;  // how many are still written without a dictionary
  int64_t file_nulls_ = 0;
  typename Values::Bounds file_bounds_;
};

template <typename Values>
std::unique_ptr<ColumnEncoder> make_encoder(const ColumnType& type, uint64_t seed) {
  return std::make_unique<LeafEncoder<Values>>(type, seed);
}

}  // namespace

std::unique_ptr<ColumnEncoder> ColumnEncoder::make(const ColumnType& type, uint64_t seed) {
  switch (type.stored) {
    case DUCKDB_TYPE_BOOLEAN:
      return make_encoder<BooleanValues>(type, seed);
    case DUCKDB_TYPE_TINYINT:
      return make_encoder<NumberValues<int32_t, int8_t>>(type, seed);
    case DUCKDB_TYPE_SMALLINT:
      // A decimal of up to four digits is stored so, too.
      return make_encoder<NumberValues<int32_t, int16_t>>(type, seed);
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      return make_encoder<NumberValues<int32_t, int32_t>>(type, seed);
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return make_encoder<NumberValues<int64_t, int64_t>>(type, seed);
    case DUCKDB_TYPE_FLOAT:
      return make_encoder<NumberValues<float, float>>(type, seed);
    case DUCKDB_TYPE_DOUBLE:
      return make_encoder<NumberValues<double, double>>(type, seed);
    default:
      CHECK(physical_type(type) == Physical::kByteArray,
            "a type that Parquet files are made of here");
      return make_encoder<TextValues>(type, seed);
  }
}

}  // namespace lakeward::engine::parquet
