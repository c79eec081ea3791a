#include "format/csv_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/check.h"
#include "format/base64.h"
#include "format/number_text.h"
#include "format/reasons.h"
#include "format/record_loop.h"
#include "format/temporal_text.h"

namespace lakeward::format {
namespace {

constexpr size_t kAbsent = ~size_t{0};

// The number that is the whole of `text`.
template <typename T>
NumberError parse_whole(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return NumberError::kMalformed;
  return error == std::errc{} ? NumberError::kNone : NumberError::kOutOfRange;
}

template <typename T>
NumberError parse_real(std::string_view text, T& value) {
  using Limits = std::numeric_limits<T>;
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    value = text == "NaN" ? Limits::quiet_NaN() : Limits::infinity();
    if (text[0] == '-') value = -value;
    return NumberError::kNone;
  }
  // Nothing else in letters, which from_chars() would take.
  const size_t sign = text.starts_with('-') ? 1 : 0;
  if (text.size() == sign || (!is_digit(text[sign]) && text[sign] != '.')) {
    return NumberError::kMalformed;
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return NumberError::kMalformed;
  if (error == std::errc{}) return NumberError::kNone;
  // Too small is zero. Only a number below one, or with a negative exponent, can be too small.
  const size_t power = text.find_first_of("eE");
  const bool small = power != std::string_view::npos ? text.substr(power + 1).starts_with('-')
                                                     : text[sign] == '0' || text[sign] == '.';
  if (!small) return NumberError::kOutOfRange;
  value = sign == 1 ? -T{0} : T{0};
  return NumberError::kNone;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return (a | 0x20) == b; });
}

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(const DeclaredColumns& columns, const CsvRules& rules,
             const std::vector<std::optional<size_t>>& slots)
      : columns_(columns), rules_(rules), slots_(slots) {
    CHECK(slots.size() == columns.kinds.size(), "one slot for each decoded column");
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    bind(batch.provenance);
    writers_.assign(slots_.size(), nullptr);
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i]) writers_[i] = &chunk.column(*slots_[i]);
    }
    return decode_records(
        rules_.on_malformed, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (decode_record(payload, row)) return true;
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->unset_null(row);
          }
          return false;
        },
        [this] { return reason_; },
        [this](size_t row) {
          for (engine::ColumnWriter* writer : writers_) {
            if (writer != nullptr) writer->set_null(row);
          }
        });
  }

 private:
  // Which field each column has in the files of this provenance.
  void bind(const std::shared_ptr<const Provenance>& provenance) {
    if (!places_.empty() && provenance == provenance_) return;
    provenance_ = provenance;
    places_.clear();
    const bool named = provenance != nullptr && !provenance->header.empty();
    expected_ = named ? provenance->header.size() : columns_.kinds.size();
    for (size_t i = 0; i < columns_.kinds.size(); ++i) {
      places_.push_back(i);
      if (!named) continue;
      const auto& header = provenance->header;
      const auto found = std::find(header.begin(), header.end(), columns_.declared[i].name);
      places_.back() =
          found == header.end() ? kAbsent : static_cast<size_t>(found - header.begin());
    }
  }

  bool decode_record(std::string_view payload, size_t row) {
    if (payload.size() > std::numeric_limits<uint32_t>::max()) {
      return refuse("the record is larger than 4 GiB");
    }
    if (!simdjson::validate_utf8(payload)) return refuse("not UTF-8");
    if (auto wrong = split_csv_row(payload, rules_.dialect, fields_)) {
      return refuse("malformed CSV: " + *wrong);
    }
    if (fields_.size() != expected_) {
      return refuse("the row has " + std::to_string(fields_.size()) +
                    (fields_.size() == 1 ? " field" : " fields") + " where " +
                    std::to_string(expected_) + (expected_ == 1 ? " is" : " are") + " expected");
    }
    for (size_t column = 0; column < places_.size(); ++column) {
      if (places_[column] == kAbsent) {
        set_null(column, row);
      } else if (!decode_field(column, fields_[places_[column]], row)) {
        return false;
      }
    }
    return true;
  }

  void set_null(size_t column, size_t row) {
    if (writers_[column] != nullptr) writers_[column]->set_null(row);
  }

  template <typename T>
  void set(size_t column, size_t row, T value) {
    if (writers_[column] != nullptr) writers_[column]->data<T>()[row] = value;
  }

  bool decode_field(size_t column, const CsvField& field, size_t row) {
    const bool is_text = columns_.decoded[column].type == "VARCHAR";
    if (field.text == rules_.null_text && !(field.quoted && is_text)) {
      set_null(column, row);
      return true;
    }
    if (is_text) return set_text(column, field, row);
    switch (columns_.kinds[column]) {
      case ColumnKind::kTinyint:
        return set_whole<int8_t>(column, field, row);
      case ColumnKind::kSmallint:
        return set_whole<int16_t>(column, field, row);
      case ColumnKind::kInteger:
        return set_whole<int32_t>(column, field, row);
      case ColumnKind::kBigint:
        return set_whole<int64_t>(column, field, row);
      case ColumnKind::kUtinyint:
        return set_whole<uint8_t>(column, field, row);
      case ColumnKind::kUsmallint:
        return set_whole<uint16_t>(column, field, row);
      case ColumnKind::kUinteger:
        return set_whole<uint32_t>(column, field, row);
      case ColumnKind::kUbigint:
        return set_whole<uint64_t>(column, field, row);
      case ColumnKind::kFloat:
        return set_real<float>(column, field, row);
      case ColumnKind::kDouble:
        return set_real<double>(column, field, row);
      case ColumnKind::kBoolean:
        return set_boolean(column, field, row);
      case ColumnKind::kBlob:
        return set_blob(column, field, row);
      case ColumnKind::kDate:
        return set_moment<int32_t>(column, field, row, parse_date(field.text));
      case ColumnKind::kTimestamp:
      case ColumnKind::kTimestampTz:
        return set_moment<int64_t>(column, field, row, parse_timestamp(field.text, dates_));
      default:
        CHECK(false, "the other kinds are text");
    }
  }

  bool set_text(size_t column, const CsvField& field, size_t row) {
    if (writers_[column] == nullptr) return true;
    if (field.doubled) {
      writers_[column]->set_copied_string(row, undouble_quotes(field.text, rules_.dialect.quote));
    } else {
      writers_[column]->set_stable_string(row, field.text.data(), field.text.size());
    }
    return true;
  }

  template <typename T>
  bool set_whole(size_t column, const CsvField& field, size_t row) {
    T value{};
    const NumberError error = parse_whole(field.text, value);
    if (error != NumberError::kNone) return refuse_field(column, field, error);
    set(column, row, value);
    return true;
  }

  template <typename T>
  bool set_real(size_t column, const CsvField& field, size_t row) {
    T value{};
    const NumberError error = parse_real(field.text, value);
    if (error != NumberError::kNone) return refuse_field(column, field, error);
    set(column, row, value);
    return true;
  }

  bool set_boolean(size_t column, const CsvField& field, size_t row) {
    const bool value = equals_ignoring_case(field.text, "true");
    if (!value && !equals_ignoring_case(field.text, "false")) {
      return refuse_field(column, field, NumberError::kMalformed);
    }
    set(column, row, value);
    return true;
  }

  bool set_blob(size_t column, const CsvField& field, size_t row) {
    const std::optional<std::string> bytes = decode_base64(field.text);
    if (!bytes) return refuse_field(column, field, NumberError::kMalformed);
    if (writers_[column] != nullptr) writers_[column]->set_copied_string(row, *bytes);
    return true;
  }

  template <typename T>
  bool set_moment(size_t column, const CsvField& field, size_t row, std::optional<T> value) {
    if (!value) return refuse_field(column, field, NumberError::kMalformed);
    set(column, row, *value);
    return true;
  }

  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  bool refuse_field(size_t column, const CsvField& field, NumberError error) {
    const engine::Column& declared = columns_.declared[column];
    const std::string text = "'" + declared.name + "': " + excerpt(field.text);
    if (error == NumberError::kOutOfRange) {
      return refuse(text + " is out of range for " + declared.type);
    }
    return refuse(text + " is not " + with_article(declared.type));
  }

  const DeclaredColumns& columns_;
  const CsvRules& rules_;
  std::vector<std::optional<size_t>> slots_;
  std::shared_ptr<const Provenance> provenance_;
  std::vector<size_t> places_;  // the field of each column, or kAbsent
  size_t expected_ = 0;         // fields in a row
  std::vector<engine::ColumnWriter*> writers_;
  std::vector<CsvField> fields_;
  temporal::DateCache dates_;
  std::string reason_;
};

}  // namespace

std::unique_ptr<Decoder> make_csv_decoder(const DeclaredColumns& columns, const CsvRules& rules,
                                          const std::vector<std::optional<size_t>>& slots) {
  return std::make_unique<CsvDecoder>(columns, rules, slots);
}

}  // namespace lakeward::format
