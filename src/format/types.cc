#include "format/types.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/suggest.h"

namespace lakeward::format {
namespace {

struct Synonym {
  std::string_view name;
  std::string_view type;
};

constexpr Synonym kScalars[] = {
    {"BOOLEAN", "BOOLEAN"},
    {"BOOL", "BOOLEAN"},
    {"LOGICAL", "BOOLEAN"},
    {"TINYINT", "TINYINT"},
    {"BYTE", "TINYINT"},
    {"INT1", "TINYINT"},
    {"SMALLINT", "SMALLINT"},
    {"SHORT", "SMALLINT"},
    {"INT2", "SMALLINT"},
    {"INT16", "SMALLINT"},
    {"INTEGER", "INTEGER"},
    {"INT", "INTEGER"},
    {"INT4", "INTEGER"},
    {"INT32", "INTEGER"},
    {"SIGNED", "INTEGER"},
    {"BIGINT", "BIGINT"},
    {"LONG", "BIGINT"},
    {"INT8", "BIGINT"},
    {"INT64", "BIGINT"},
    {"HUGEINT", "HUGEINT"},
    {"INT128", "HUGEINT"},
    {"UTINYINT", "UTINYINT"},
    {"UINT8", "UTINYINT"},
    {"USMALLINT", "USMALLINT"},
    {"UINT16", "USMALLINT"},
    {"UINTEGER", "UINTEGER"},
    {"UINT32", "UINTEGER"},
    {"UBIGINT", "UBIGINT"},
    {"UINT64", "UBIGINT"},
    {"UHUGEINT", "UHUGEINT"},
    {"UINT128", "UHUGEINT"},
    {"FLOAT", "FLOAT"},
    {"REAL", "FLOAT"},
    {"FLOAT4", "FLOAT"},
    {"DOUBLE", "DOUBLE"},
    {"DOUBLE PRECISION", "DOUBLE"},
    {"FLOAT8", "DOUBLE"},
    {"VARCHAR", "VARCHAR"},
    {"STRING", "VARCHAR"},
    {"TEXT", "VARCHAR"},
    {"CHAR", "VARCHAR"},
    {"BPCHAR", "VARCHAR"},
    {"NVARCHAR", "VARCHAR"},
    {"BLOB", "BLOB"},
    {"BINARY", "BLOB"},
    {"VARBINARY", "BLOB"},
    {"BYTEA", "BLOB"},
    {"DATE", "DATE"},
    {"TIME", "TIME"},
    {"TIME WITH TIME ZONE", "TIME WITH TIME ZONE"},
    {"TIMETZ", "TIME WITH TIME ZONE"},
    {"TIMESTAMP", "TIMESTAMP"},
    {"TIMESTAMP_NTZ", "TIMESTAMP"},
    {"TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP"},
    {"DATETIME", "TIMESTAMP"},
    {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"},
    {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
    {"TIMESTAMP_LTZ", "TIMESTAMP WITH TIME ZONE"},
    {"TIMESTAMP_S", "TIMESTAMP_S"},
    {"TIMESTAMP_MS", "TIMESTAMP_MS"},
    {"TIMESTAMP_NS", "TIMESTAMP_NS"},
    {"INTERVAL", "INTERVAL"},
    {"UUID", "UUID"},
    {"GUID", "UUID"},
    {"BIT", "BIT"},
    {"BITSTRING", "BIT"},
    {"JSON", "JSON"},
    {"VARIANT", "JSON"},
};

constexpr int kMaxTypeDepth = 32;
constexpr int kMaxDecimalWidth = 38;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string quoted(std::string_view name) {
  std::string result = "\"";
  for (char c : name) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

// type   := core suffix*          suffix := '[' number? ']'
// core   := words | words '(' numbers ')' | ARRAY '<' type '>' | MAP ('<' | '(') type ',' type …
//         | STRUCT ('<' fields '>' | '(' fields ')') | ENUM '(' strings ')'
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<std::string> parse() {
    ASSIGN_OR_RETURN(std::string type, parse_type(0));
    skip_blanks();
    if (at_ != text_.size()) return failure("unexpected '" + std::string(text_.substr(at_)) + "'");
    return type;
  }

 private:
  Status failure(const std::string& what) const {
    return invalid_argument("'" + std::string(text_) + "' is not a type: " + what);
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Status expect(char c) {
    if (take(c)) return ok_status();
    return failure(std::string("expected '") + c + "' after '" + std::string(text_.substr(0, at_)) +
                   "'");
  }

  std::string_view word() {
    skip_blanks();
    const size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Words with single blanks between them, as they are written.
  std::string words() {
    std::string result;
    while (true) {
      const std::string_view next = word();
      if (next.empty()) return result;
      if (!result.empty()) result += ' ';
      result += next;
    }
  }

  Result<int> number() {
    const std::string_view digits = word();
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) {
      return failure("expected a number after '" + std::string(text_.substr(0, at_)) + "'");
    }
    return value;
  }

  Result<std::string> parse_type(int depth) {
    if (depth > kMaxTypeDepth) return failure("it is nested too deeply");
    ASSIGN_OR_RETURN(std::string type, parse_core(depth));
    while (take('[')) {
      type += '[';
      if (!take(']')) {
        ASSIGN_OR_RETURN(const int size, number());
        type += std::to_string(size);
        RETURN_IF_ERROR(expect(']'));
      }
      type += ']';
    }
    return type;
  }

  Result<std::string> parse_core(int depth) {
    const std::string name = words();
    if (name.empty()) return failure("a type's name is missing");
    const std::string key = upper(name);
    if (key == "ARRAY" || key == "LIST") return parse_array(depth);
    if (key == "MAP") return parse_map(depth);
    if (key == "STRUCT" || key == "ROW") return parse_struct(depth);
    if (key == "ENUM") return parse_enum();
    if (key == "DECIMAL" || key == "DEC" || key == "NUMERIC") return parse_decimal();
    for (const Synonym& synonym : kScalars) {
      if (synonym.name != key) continue;
      if (synonym.type == "VARCHAR" && take('(')) {  // the length is not enforced, as in DuckDB
        RETURN_IF_ERROR(number().status());
        RETURN_IF_ERROR(expect(')'));
      }
      return std::string(synonym.type);
    }
    std::vector<std::string> known = {"DECIMAL", "STRUCT", "MAP", "ARRAY"};
    for (const Synonym& synonym : kScalars) known.emplace_back(synonym.name);
    const std::optional<std::string> nearest = nearest_name(key, known);
    return failure("unknown type '" + name + "'" +
                   (nearest ? "; did you mean '" + *nearest + "'?"
                            : "; types are DuckDB's, for example VARCHAR, BIGINT, DOUBLE, "
                              "TIMESTAMP WITH TIME ZONE, DECIMAL(10,2), VARCHAR[]"));
  }

  Result<std::string> parse_decimal() {
    int width = 18;
    int scale = 3;
    if (take('(')) {
      ASSIGN_OR_RETURN(width, number());
      scale = 0;
      if (take(',')) {
        ASSIGN_OR_RETURN(scale, number());
      }
      RETURN_IF_ERROR(expect(')'));
    }
    if (width < 1 || width > kMaxDecimalWidth || scale < 0 || scale > width) {
      return failure("a DECIMAL has 1 to 38 digits, of which 0 to all are after the point");
    }
    return "DECIMAL(" + std::to_string(width) + "," + std::to_string(scale) + ")";
  }

  Result<std::string> parse_array(int depth) {
    RETURN_IF_ERROR(expect('<'));
    ASSIGN_OR_RETURN(const std::string element, parse_type(depth + 1));
    RETURN_IF_ERROR(expect('>'));
    return element + "[]";
  }

  Result<std::string> parse_map(int depth) {
    const char close = take('(') ? ')' : '>';
    if (close == '>') RETURN_IF_ERROR(expect('<'));
    ASSIGN_OR_RETURN(const std::string key, parse_type(depth + 1));
    RETURN_IF_ERROR(expect(','));
    ASSIGN_OR_RETURN(const std::string value, parse_type(depth + 1));
    RETURN_IF_ERROR(expect(close));
    return "MAP(" + key + ", " + value + ")";
  }

  Result<std::string> parse_struct(int depth) {
    const char close = take('(') ? ')' : '>';
    if (close == '>') RETURN_IF_ERROR(expect('<'));
    std::string fields;
    do {
      ASSIGN_OR_RETURN(const std::string name, field_name());
      take(':');
      ASSIGN_OR_RETURN(const std::string type, parse_type(depth + 1));
      fields += (fields.empty() ? "" : ", ") + quoted(name) + " " + type;
    } while (take(','));
    RETURN_IF_ERROR(expect(close));
    return "STRUCT(" + fields + ")";
  }

  Result<std::string> field_name() {
    skip_blanks();
    for (const char quote : {'"', '`'}) {
      if (!take(quote)) continue;
      return quoted_text(quote);
    }
    std::string name(word());
    if (name.empty()) return failure("a field's name is missing");
    return name;
  }

  // What stands before the closing quote, which is doubled inside.
  Result<std::string> quoted_text(char quote) {
    std::string result;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != quote) {
        result += c;
      } else if (at_ < text_.size() && text_[at_] == quote) {
        result += quote;
        ++at_;
      } else {
        return result;
      }
    }
    return failure(std::string("a ") + quote + " is not closed");
  }

  Result<std::string> parse_enum() {
    RETURN_IF_ERROR(expect('('));
    std::string values;
    do {
      RETURN_IF_ERROR(expect('\''));
      ASSIGN_OR_RETURN(const std::string value, quoted_text('\''));
      values += values.empty() ? "'" : ", '";
      for (char c : value) {
        if (c == '\'') values += '\'';
        values += c;
      }
      values += '\'';
    } while (take(','));
    RETURN_IF_ERROR(expect(')'));
    return "ENUM(" + values + ")";
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::string> normalize_type(std::string_view text) { return TypeParser(text).parse(); }

}  // namespace lakeward::format
