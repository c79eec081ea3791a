#include "format/splitters.h"

#include <algorithm>
#include <cstring>

#include "format/bytes16.h"

namespace lakeward::format {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool all_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_blank); }

// The line [begin, end), without its line end, as a record, unless it is blank.
inline void add_line(std::string_view bytes, size_t begin, size_t end, uint64_t place,
                     std::vector<Record>& records) {
  if (end > begin && bytes[end - 1] == '\r') --end;
  if (end == begin) return;
  const std::string_view line = bytes.substr(begin, end - begin);
  if (is_blank(line[0]) && all_blank(line)) return;
  records.push_back({line, place + begin});
}

class LineSplitter final : public RecordSplitter {
 public:
  Result<size_t> split(std::string_view bytes, uint64_t place, bool last,
                       std::vector<Record>& records) override {
    size_t begin = 0;
    records.reserve(last_count_ + last_count_ / 16);
    while (true) {
      const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
      if (found == nullptr) break;
      const auto end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
      add_line(bytes, begin, end, place, records);
      scanned_ = begin = end + 1;
    }
    if (last) {
      add_line(bytes, begin, bytes.size(), place, records);
      begin = bytes.size();
    }
    scanned_ = bytes.size() - begin;
    last_count_ = records.size();
    return begin;
  }

 private:
  size_t scanned_ = 0;
  size_t last_count_ = 0;  // of records, in the block before
};

class CsvSplitter final : public RecordSplitter {
 public:
  CsvSplitter(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}

  Result<size_t> split(std::string_view bytes, uint64_t place, bool last,
                       std::vector<Record>& records) override {
    size_t begin = 0;
    size_t p = scanned_;
    for (p = next_stop(bytes, p); p < bytes.size(); p = next_stop(bytes, p + 1)) {
      if (bytes[p] == quote_) {
        toggle(bytes, begin, p);
      } else if (!quoted_) {
        add_line(bytes, begin, p, place, records);
        begin = p + 1;
        closed_ = kNowhere;
      }
    }
    if (last) {
      add_line(bytes, begin, bytes.size(), place, records);
      begin = bytes.size();
    }
    scanned_ = bytes.size() - begin;
    if (closed_ != kNowhere) closed_ -= begin;
    return begin;
  }

 private:
  static constexpr size_t kNowhere = ~size_t{0};

  // The next quote or line end at or behind `p`.
  size_t next_stop(std::string_view bytes, size_t p) const {
    while (p + 16 <= bytes.size()) {
      const Bytes16 block(bytes.data() + p);
      const uint32_t stops = block.equal('\n') | block.equal(quote_);
      if (stops != 0) return p + static_cast<size_t>(__builtin_ctz(stops));
      p += 16;
    }
    while (p < bytes.size() && bytes[p] != '\n' && bytes[p] != quote_) ++p;
    return p;
  }

  // A quote at `p` in the record that begins at `begin`.
  void toggle(std::string_view bytes, size_t begin, size_t p) {
    if (quoted_) {
      quoted_ = false;
      closed_ = p;
    } else if (p == begin || bytes[p - 1] == delimiter_ ||
               (closed_ != kNowhere && p == closed_ + 1)) {
      quoted_ = true;  // a field begins, or a doubled quote
    }
  }

  char delimiter_;
  char quote_;
  size_t scanned_ = 0;
  bool quoted_ = false;
  size_t closed_ = kNowhere;  // the last quote that closed a field, in the next call's bytes
};

class JsonArraySplitter final : public RecordSplitter {
 public:
  Result<size_t> split(std::string_view bytes, uint64_t place, bool last,
                       std::vector<Record>& records) override {
    size_t begin = 0;  // of the element, while in one
    size_t p = scanned_;
    while (true) {
      if (state_ == State::kElement) {
        p = walk(bytes, p);
        if (p == kGoesOn) break;
        records.push_back({bytes.substr(begin, p - begin), place + begin});
        state_ = State::kAfterElement;
      }
      while (p < bytes.size() && is_blank(bytes[p])) ++p;
      begin = p;
      if (p == bytes.size()) break;
      RETURN_IF_ERROR(step(bytes[p], place + p));
      if (state_ != State::kElement) ++p;
    }
    if (last && state_ != State::kOutside) {
      return corruption("the JSON array that begins at byte " + std::to_string(array_place_) +
                        " does not end: the text is over at byte " +
                        std::to_string(place + bytes.size()));
    }
    scanned_ = bytes.size() - begin;
    return begin;
  }

 private:
  static constexpr size_t kGoesOn = ~size_t{0};
  enum class State { kOutside, kFirst, kElement, kAfterElement, kAfterComma };

  // `c`, not a blank, between elements.
  Status step(char c, uint64_t place) {
    const bool may_end = state_ == State::kFirst || state_ == State::kAfterElement;
    if (state_ == State::kOutside && c == '[') {
      array_place_ = place;
      state_ = State::kFirst;
    } else if (may_end && c == ']') {
      state_ = State::kOutside;
    } else if (state_ == State::kAfterElement && c == ',') {
      state_ = State::kAfterComma;
    } else if (state_ == State::kOutside || state_ == State::kAfterElement ||
               std::string_view(",]}:").find(c) != std::string_view::npos) {
      return corruption("not an array of JSON values: " + std::string(expected()) + " at byte " +
                        std::to_string(place));
    } else {
      state_ = State::kElement;
      scalar_ = c != '{' && c != '[' && c != '"';
      depth_ = 0;
    }
    return ok_status();
  }

  const char* expected() const {
    switch (state_) {
      case State::kOutside:
        return "expected '['";
      case State::kAfterElement:
        return "expected ',' or ']'";
      default:
        return "expected a value";
    }
  }

  // The place behind the element that `p` is in, or kGoesOn.
  size_t walk(std::string_view bytes, size_t p) {
    while (p < bytes.size()) {
      const char c = bytes[p];
      if (escaped_) {
        escaped_ = false;
      } else if (scalar_) {
        if (c == ',' || c == ']' || is_blank(c)) return p;
      } else if (in_string_) {
        p = next_stop(bytes, p, R"("\)");
        if (p == bytes.size()) break;
        escaped_ = bytes[p] == '\\';
        in_string_ = escaped_;
        if (!in_string_ && depth_ == 0) return p + 1;
      } else {
        p = next_stop(bytes, p, R"("{[}])");
        if (p == bytes.size()) break;
        if (bytes[p] == '"') {
          in_string_ = true;
        } else if (bytes[p] == '{' || bytes[p] == '[') {
          ++depth_;
        } else if (--depth_ == 0) {
          return p + 1;
        }
      }
      ++p;
    }
    return kGoesOn;
  }

  static size_t next_stop(std::string_view bytes, size_t p, std::string_view stops) {
    while (p + 16 <= bytes.size()) {
      const Bytes16 block(bytes.data() + p);
      uint32_t found = 0;
      for (const char stop : stops) found |= block.equal(stop);
      if (found != 0) return p + static_cast<size_t>(__builtin_ctz(found));
      p += 16;
    }
    return std::min(bytes.find_first_of(stops, p), bytes.size());
  }

  State state_ = State::kOutside;
  uint64_t array_place_ = 0;
  size_t scanned_ = 0;
  // Of the element:
  bool scalar_ = false;  // a number or a literal
  bool in_string_ = false;
  bool escaped_ = false;  // behind a backslash
  uint64_t depth_ = 0;
};

class WholeSplitter final : public RecordSplitter {
 public:
  Result<size_t> split(std::string_view bytes, uint64_t place, bool last,
                       std::vector<Record>& records) override {
    if (!last) return size_t{0};
    if (!all_blank(bytes)) records.push_back({bytes, place});
    return bytes.size();
  }
};

}  // namespace

std::unique_ptr<RecordSplitter> make_splitter(const CutOptions& options) {
  switch (options.framing) {
    case Framing::kLines:
      return std::make_unique<LineSplitter>();
    case Framing::kCsv:
      return std::make_unique<CsvSplitter>(options.csv_delimiter, options.csv_quote);
    case Framing::kJsonArray:
      return std::make_unique<JsonArraySplitter>();
    case Framing::kWhole:
      return std::make_unique<WholeSplitter>();
  }
  CHECK(false, "every framing has a splitter");
}

}  // namespace lakeward::format
