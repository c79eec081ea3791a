#include "format/avro/row_reader.h"

#include <cstring>
#include <limits>
#include <utility>

#include "format/avro/scalar_text.h"
#include "format/reasons.h"
#include "format/text_cell.h"

namespace lakeward::format::avro {
namespace {

constexpr Int128 kLargestDecimal = [] {
  Int128 value = 1;
  for (int i = 0; i < 38; ++i) value *= 10;
  return value;
}();

// Makes a number with `from` digits behind the point one with `to`; false if it does not fit.
bool rescale(Int128& value, int from, int to) {
  for (; from < to; ++from) {
    if (value >= kLargestDecimal || value <= -kLargestDecimal) return false;
    if (__builtin_mul_overflow(value, Int128{10}, &value)) return false;
  }
  for (; from > to; --from) {
    if (value % 10 != 0) return false;
    value /= 10;
  }
  return true;
}

bool has_digits(Int128 value, int digits) {
  Int128 limit = 1;
  for (int i = 0; i < digits; ++i) limit *= 10;
  return value < limit && value > -limit;
}

}  // namespace

bool RowReader::read(std::string_view record, size_t row) {
  text_.clear_reason();
  const char* p = record.data();
  input_.start(p, p + record.size());
  for (const Step& step : program_.steps()) {
    p = step.missing == nullptr             ? run(step, p, row)
        : run_default(step, row) != nullptr ? p
                                            : nullptr;
    if (p == nullptr) [[unlikely]] {
      return false;
    }
  }
  if (p != input_.end()) [[unlikely]] {
    input_.fail("something follows the value", p);
    return false;
  }
  for (const uint32_t column : program_.absent()) columns_[column].set_null(row);
  return true;
}

std::string RowReader::reason() const {
  return text_.reason().empty() ? "malformed Avro: " + input_.error() : text_.reason();
}

const char* RowReader::refuse(const Step& step, const std::string& why) {
  return text_.refuse("'" + columns_[step.column].declared->name + "': " + why);
}

const char* RowReader::refuse_range(const Step& step, const std::string& value) {
  return refuse(step, value + " is out of range for " + columns_[step.column].declared->type);
}

const char* RowReader::run_default(const Step& step, size_t row) {
  const PlanDefault& missing = *step.missing;
  const char* const before = input_.swap_end(missing.bytes.data() + missing.size);
  const char* const end = run(step, missing.bytes.data(), row);
  input_.swap_end(before);
  return end;
}

[[gnu::always_inline]] inline const char* RowReader::run(const Step& step, const char* p,
                                                         size_t row) {
  if (step.null_branch >= 0) {
    int64_t branch = 0;
    const char* const value = input_.read_long(p, branch);
    if (value == nullptr) return nullptr;
    if (static_cast<uint64_t>(branch) > 1) return input_.fail("a union has no such branch", p);
    if (branch == step.null_branch) {
      columns_[step.column].set_null(row);
      return value;
    }
    p = value;
  }
  return run_value(step, p, row);
}

[[gnu::always_inline]] inline const char* RowReader::run_value(const Step& step, const char* p,
                                                               size_t row) {
  switch (step.code) {
    case Code::kSkipNumber: {
      int64_t number = 0;
      return read_number(step, p, number);
    }
    case Code::kSkipBytes: {
      std::string_view bytes;
      return input_.read_bytes(p, bytes);
    }
    case Code::kSkipFixed: {
      std::string_view bytes;
      return input_.read_fixed(p, step.size, bytes);
    }
    case Code::kInteger:
      return write_whole<int32_t>(step, p, row);
    case Code::kBigint:
      return write_whole<int64_t>(step, p, row);
    case Code::kDouble:
      return write_real<double>(step, p, row);
    case Code::kFloat:
      return write_real<float>(step, p, row);
    case Code::kText:
      return write_text(step, p, row);
    case Code::kIntegerAsTimestamp:
      return write_time(step, p, row);
    default:
      return run_rarer(step, p, row);
  }
}

const char* RowReader::run_rarer(const Step& step, const char* p, size_t row) {
  BoundColumn& column = columns_[step.column];
  switch (step.code) {
    case Code::kSkip:
      return text_.skip(step.plan, p);
    case Code::kNull:
      column.set_null(row);
      return p;
    case Code::kBoolean: {
      bool value = false;
      p = input_.read_boolean(p, value);
      column.set(row, value);
      return p;
    }
    case Code::kTinyint:
      return write_whole<int8_t>(step, p, row);
    case Code::kSmallint:
      return write_whole<int16_t>(step, p, row);
    case Code::kUtinyint:
      return write_whole<uint8_t>(step, p, row);
    case Code::kUsmallint:
      return write_whole<uint16_t>(step, p, row);
    case Code::kUinteger:
      return write_whole<uint32_t>(step, p, row);
    case Code::kUbigint:
      return write_whole<uint64_t>(step, p, row);
    case Code::kIntegerAsFloat:
    case Code::kIntegerAsDouble: {
      int64_t value = 0;
      p = read_number(step, p, value);
      if (step.code == Code::kIntegerAsFloat) {
        column.set(row, static_cast<float>(value));
      } else {
        column.set(row, static_cast<double>(value));
      }
      return p;
    }
    case Code::kFloatAsDouble: {
      float value = 0;
      p = input_.read_bits(p, value);
      column.set(row, static_cast<double>(value));
      return p;
    }
    case Code::kIntegerAsDate:
      return write_whole<int32_t>(step, p, row);
    case Code::kIntegerAsTime:
      return write_time(step, p, row);
    case Code::kIntegerAsDecimal:
    case Code::kDecimal:
    case Code::kDecimalText:
      return write_decimal(step, p, row);
    case Code::kBlob:
      return write_blob(step, p, row);
    case Code::kUuid:
    case Code::kUuidText:
      return write_uuid(step, p, row);
    case Code::kDateText:
    case Code::kTimestampText:
      return write_from_text(step, p, row);
    case Code::kInterval:
      return write_interval(step, p, row);
    case Code::kSymbol:
      return write_symbol(step, p, row);
    case Code::kBranches:
      return run_branches(step, p, row);
    case Code::kRefuse:
      return refuse(step, step.reason);
    default:
      return write_value_text(step, p, row);
  }
}

const char* RowReader::run_branches(const Step& step, const char* p, size_t row) {
  int64_t branch = 0;
  const char* const value = input_.read_long(p, branch);
  if (value == nullptr) return nullptr;
  if (static_cast<uint64_t>(branch) >= step.count) {
    return input_.fail("a union has no such branch", p);
  }
  return run_value(program_.branches()[step.branches + static_cast<size_t>(branch)], value, row);
}

template <typename T>
[[gnu::always_inline]] inline const char* RowReader::write_whole(const Step& step, const char* p,
                                                                 size_t row) {
  int64_t value = 0;
  const char* const end = read_number(step, p, value);
  if (end == nullptr) [[unlikely]] {
    return nullptr;
  }
  if (!std::in_range<T>(value)) [[unlikely]] {
    return refuse_range(step, std::to_string(value));
  }
  columns_[step.column].set(row, static_cast<T>(value));
  return end;
}

template <typename T>
[[gnu::always_inline]] inline const char* RowReader::write_real(const Step& step, const char* p,
                                                                size_t row) {
  T value{};
  p = input_.read_bits(p, value);
  columns_[step.column].set(row, value);
  return p;
}

[[gnu::always_inline]] inline const char* RowReader::write_text(const Step& step, const char* p,
                                                                size_t row) {
  std::string_view text;
  p = input_.read_bytes(p, text);
  if (p == nullptr) return nullptr;
  if (!is_text(text)) return refuse(step, "not UTF-8");
  void* const data = columns_[step.column].data;
  if (data != nullptr) {
    store_stable_text(static_cast<duckdb_string_t*>(data)[row], text.data(), text.size());
  }
  return p;
}

const char* RowReader::write_blob(const Step& step, const char* p, size_t row) {
  std::string_view bytes;
  p = read_any_bytes(step, p, bytes);
  if (p == nullptr) return nullptr;
  if (bytes.size() > std::numeric_limits<uint32_t>::max()) return refuse(step, "more than 4 GiB");
  if (columns_[step.column].writer != nullptr) {
    columns_[step.column].writer->set_stable_string(row, bytes.data(), bytes.size());
  }
  return p;
}

const char* RowReader::write_time(const Step& step, const char* p, size_t row) {
  int64_t count = 0;
  int64_t micros = 0;
  p = read_number(step, p, count);
  if (p == nullptr) return nullptr;
  const bool is_clock = step.code == Code::kIntegerAsTime;
  // The greatest and the two least numbers are the engine's infinities and nothing.
  if (!to_micros(count, step.digits, micros) ||
      (is_clock ? micros < 0 || micros >= kMicrosPerDay
                : micros == std::numeric_limits<int64_t>::max() ||
                      micros <= -std::numeric_limits<int64_t>::max())) {
    return refuse_range(step, std::to_string(count));
  }
  columns_[step.column].set(row, micros);
  return p;
}

const char* RowReader::write_decimal(const Step& step, const char* p, size_t row) {
  BoundColumn& column = columns_[step.column];
  Int128 value = 0;
  int scale = 0;
  if (step.code == Code::kIntegerAsDecimal) {
    int64_t number = 0;
    p = read_number(step, p, number);
    value = number;
  } else if (step.code == Code::kDecimalText) {
    std::string_view digits;
    p = read_any_bytes(step, p, digits);
    if (p != nullptr && !parse_decimal(digits, value, scale)) {
      return refuse(step, excerpt(digits) + " is not " + with_article(column.declared->type));
    }
  } else {
    std::string_view bytes;
    p = read_any_bytes(step, p, bytes);
    scale = step.scale;
    if (p != nullptr && !read_unscaled(bytes, value)) {
      return refuse(step, "a decimal of more than 128 bits");
    }
  }
  if (p == nullptr) return nullptr;
  const Int128 read = value;
  const int precision = column.declared->precision;
  if (!rescale(value, scale, column.declared->scale) || !has_digits(value, precision)) {
    std::string text;
    append_decimal(read, scale, text);
    return refuse(step, text + " is not " + with_article(column.declared->type));
  }
  // The engine's width follows from the number of digits.
  if (precision <= 4) {
    column.set(row, static_cast<int16_t>(value));
  } else if (precision <= 9) {
    column.set(row, static_cast<int32_t>(value));
  } else if (precision <= 18) {
    column.set(row, static_cast<int64_t>(value));
  } else {
    column.set(row,
               duckdb_hugeint{static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)});
  }
  return p;
}

const char* RowReader::write_uuid(const Step& step, const char* p, size_t row) {
  std::string_view read;
  p = read_any_bytes(step, p, read);
  if (p == nullptr) return nullptr;
  unsigned char bytes[16];
  if (step.code == Code::kUuid) {
    std::memcpy(bytes, read.data(), sizeof(bytes));
  } else if (!parse_uuid(read, bytes)) {
    return refuse(step, excerpt(read) + " is not a UUID");
  }
  uint64_t high = 0;
  uint64_t low = 0;
  for (int i = 0; i < 8; ++i) {
    high = high << 8 | bytes[i];
    low = low << 8 | bytes[i + 8];
  }
  // The engine turns the first bit over, so that UUIDs sort as their text does.
  high ^= uint64_t{1} << 63;
  columns_[step.column].set(row, duckdb_hugeint{low, static_cast<int64_t>(high)});
  return p;
}

const char* RowReader::write_from_text(const Step& step, const char* p, size_t row) {
  std::string_view text;
  p = read_any_bytes(step, p, text);
  if (p == nullptr) return nullptr;
  BoundColumn& column = columns_[step.column];
  if (step.code == Code::kDateText) {
    const auto days = parse_date(text);
    if (days) column.set(row, *days);
    if (days) return p;
  } else {
    const auto micros = parse_timestamp(text, dates_);
    if (micros) column.set(row, *micros);
    if (micros) return p;
  }
  return refuse(step, excerpt(text) + " is not " + with_article(column.declared->type));
}

const char* RowReader::write_interval(const Step& step, const char* p, size_t row) {
  std::string_view bytes;
  p = read_any_bytes(step, p, bytes);
  if (p == nullptr) return nullptr;
  uint32_t parts[3];
  std::memcpy(parts, bytes.data(), sizeof(parts));
  if (!std::in_range<int32_t>(parts[0]) || !std::in_range<int32_t>(parts[1])) {
    return refuse_range(step, "a duration");
  }
  duckdb_interval interval{};
  interval.months = static_cast<int32_t>(parts[0]);
  interval.days = static_cast<int32_t>(parts[1]);
  interval.micros = int64_t{parts[2]} * 1'000;
  columns_[step.column].set(row, interval);
  return p;
}

const char* RowReader::write_symbol(const Step& step, const char* p, size_t row) {
  int64_t number = 0;
  const char* const end = input_.read_int(p, number);
  if (end == nullptr) return nullptr;
  const std::vector<PlanSymbol>& symbols = program_.plan().node(step.plan).symbols;
  if (static_cast<uint64_t>(number) >= symbols.size()) {
    return input_.fail("an enum has no such symbol", p);
  }
  const PlanSymbol& symbol = symbols[static_cast<size_t>(number)];
  if (!symbol.known) {
    return refuse(step, "the reader's enum has neither the symbol '" + excerpt(symbol.text) +
                            "' nor a default");
  }
  if (columns_[step.column].writer != nullptr) {
    columns_[step.column].writer->set_stable_string(row, symbol.text.data(), symbol.text.size());
  }
  return end;
}

const char* RowReader::write_value_text(const Step& step, const char* p, size_t row) {
  BoundColumn& column = columns_[step.column];
  const bool is_json = step.code == Code::kJson;
  const char* const end = is_json ? text_.json(step.plan, p) : text_.plain(step.plan, p);
  if (end == nullptr) {
    if (!text_.reason().empty()) refuse(step, std::string(text_.reason()));
    return nullptr;
  }
  if (is_json && text_.is_null()) {
    column.set_null(row);
  } else if (text_.text().size() > std::numeric_limits<uint32_t>::max()) {
    return refuse(step, "more than 4 GiB of text");
  } else if (column.writer != nullptr) {
    column.writer->set_copied_string(row, text_.text());
  }
  return end;
}

}  // namespace lakeward::format::avro
