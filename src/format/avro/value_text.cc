#include "format/avro/value_text.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "format/avro/scalar_text.h"
#include "format/base64.h"
#include "format/bytes16.h"
#include "format/reasons.h"

namespace lakeward::format::avro {
namespace {

// Room for the shortest text of any double or integer.
constexpr size_t kNumberBytes = 32;

template <typename T>
void append_number(T value, std::string& text) {
  char digits[kNumberBytes];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  text.append(digits, end);
}

}  // namespace

bool is_text(std::string_view bytes) {
  static_assert(kPadding >= sizeof(Bytes16));
  for (size_t i = 0; i < bytes.size(); i += 16) {
    uint32_t non_ascii = Bytes16(bytes.data() + i).non_ascii();
    if (bytes.size() - i < 16) non_ascii &= (uint32_t{1} << (bytes.size() - i)) - 1;
    if (non_ascii != 0) [[unlikely]] {
      return simdjson::validate_utf8(bytes);
    }
  }
  return true;
}

const char* ValueText::json(PlanId id, const char* p) {
  plain_ = false;
  text_.clear();
  return walk<true>(id, p, 0);
}

const char* ValueText::plain(PlanId id, const char* p) {
  plain_ = true;
  text_.clear();
  return walk<true>(id, p, 0);
}

template <bool kWrite>
const char* ValueText::walk(PlanId id, const char* p, int depth) {
  const PlanNode& node = plan_.node(id);
  if (depth > Input::kMaxDepth) return input_.fail("nested too deeply", p);
  if constexpr (kWrite) {
    if (!node.mismatch.empty()) return refuse(node.mismatch);
  }
  switch (node.type) {
    case Type::kNull:
      if constexpr (kWrite) text_ += "null";
      return p;
    case Type::kBoolean:
    case Type::kInt:
    case Type::kLong:
    case Type::kFloat:
    case Type::kDouble:
      return walk_number<kWrite>(node, p);
    case Type::kBytes:
    case Type::kString:
    case Type::kFixed:
      return walk_bytes<kWrite>(node, p);
    case Type::kEnum:
      return walk_enum<kWrite>(node, p);
    case Type::kUnion:
      return walk_union<kWrite>(node, p, depth);
    case Type::kRecord:
      return walk_record<kWrite>(node, p, depth);
    case Type::kArray:
    case Type::kMap:
      return walk_items<kWrite>(node, p, depth);
  }
  return nullptr;
}

template <bool kWrite>
const char* ValueText::walk_union(const PlanNode& node, const char* p, int depth) {
  int64_t branch = 0;
  const char* const value = input_.read_long(p, branch);
  if (value == nullptr) return nullptr;
  if (static_cast<uint64_t>(branch) >= node.children.size()) {
    return input_.fail("a union has no such branch", p);
  }
  return walk<kWrite>(node.children[static_cast<size_t>(branch)], value, depth + 1);
}

template <bool kWrite>
const char* ValueText::walk_record(const PlanNode& node, const char* p, int depth) {
  bool first = true;
  const auto begin_member = [&](const std::string& key) {
    text_ += first ? '{' : ',';
    text_ += key;
    first = false;
  };
  for (const PlanMember& member : node.members) {
    if (kWrite && member.wanted) {
      begin_member(member.key);
      p = walk<kWrite>(member.plan, p, depth + 1);
    } else {
      p = walk<false>(member.plan, p, depth + 1);
    }
    if (p == nullptr) return nullptr;
  }
  if constexpr (kWrite) {
    for (const PlanDefault& missing : node.defaults) {
      begin_member(missing.key);
      if (write_default(missing, depth + 1) == nullptr) return nullptr;
    }
    text_ += first ? "{}" : "}";
  }
  return p;
}

const char* ValueText::write_default(const PlanDefault& missing, int depth) {
  const char* const before = input_.swap_end(missing.bytes.data() + missing.size);
  const char* const end = walk<true>(missing.plan, missing.bytes.data(), depth);
  input_.swap_end(before);
  return end;
}

template <bool kWrite>
const char* ValueText::walk_items(const PlanNode& node, const char* p, int depth) {
  const bool is_map = node.type == Type::kMap;
  bool first = true;
  while (true) {
    uint64_t count = 0;
    int64_t bytes = -1;
    p = input_.read_block(p, count, bytes);
    if (p == nullptr) return nullptr;
    if (count == 0) break;
    if (!kWrite && bytes >= 0) {
      p += bytes;
      continue;
    }
    for (uint64_t i = 0; i < count; ++i) {
      if constexpr (kWrite) {
        text_ += !first ? ',' : is_map ? '{' : '[';
        first = false;
      }
      if (is_map) {
        std::string_view key;
        p = input_.read_bytes(p, key);
        if (p == nullptr) return nullptr;
        if constexpr (kWrite) {
          if (!is_text(key)) return refuse("a map's key is not UTF-8");
          append_quoted(key);
          text_ += ':';
        }
      }
      p = walk<kWrite>(node.children[0], p, depth + 1);
      if (p == nullptr) return nullptr;
    }
  }
  if constexpr (kWrite) {
    if (first) text_ += is_map ? '{' : '[';
    text_ += is_map ? '}' : ']';
  }
  return p;
}

template <bool kWrite>
const char* ValueText::walk_number(const PlanNode& node, const char* p) {
  if (node.type == Type::kBoolean) {
    bool value = false;
    p = input_.read_boolean(p, value);
    if constexpr (kWrite) text_ += value ? "true" : "false";
    return p;
  }
  if (node.type == Type::kFloat || node.type == Type::kDouble) {
    double value = 0;
    float single = 0;
    p = node.type == Type::kDouble ? input_.read_bits(p, value) : input_.read_bits(p, single);
    if constexpr (kWrite) {
      const bool is_double = node.type == Type::kDouble;
      if (const double any = is_double ? value : static_cast<double>(single); !std::isfinite(any)) {
        append_quoted(std::isnan(any) ? "NaN" : any > 0 ? "Infinity" : "-Infinity");
      } else if (is_double) {
        append_number(value, text_);
      } else {
        append_number(single, text_);
      }
    }
    return p;
  }
  int64_t value = 0;
  const char* const end =
      node.type == Type::kInt ? input_.read_int(p, value) : input_.read_long(p, value);
  if (!kWrite || end == nullptr) return end;
  if (node.logical == Logical::kNone || node.shown == Type::kFloat || node.shown == Type::kDouble) {
    append_number(value, text_);
    return end;
  }
  int64_t micros = 0;
  if (node.logical != Logical::kDate && !to_micros(value, fraction_digits(node.logical), micros)) {
    return refuse(std::to_string(value) + " ms is no time");
  }
  if (!plain_) text_ += '"';
  switch (node.logical) {
    case Logical::kDate:
      append_date(value, text_);
      break;
    case Logical::kTimeMillis:
    case Logical::kTimeMicros:
      if (micros < 0 || micros >= kMicrosPerDay) {
        return refuse(std::to_string(micros) + " µs is no time of day");
      }
      append_time(micros, text_);
      break;
    default:
      append_timestamp(micros, node.logical <= Logical::kTimestampNanos, text_);
  }
  if (!plain_) text_ += '"';
  return end;
}

template <bool kWrite>
const char* ValueText::walk_bytes(const PlanNode& node, const char* p) {
  std::string_view bytes;
  p = node.type == Type::kFixed ? input_.read_fixed(p, node.size, bytes)
                                : input_.read_bytes(p, bytes);
  if (!kWrite || p == nullptr) return p;
  if (node.logical == Logical::kDecimal) {
    Int128 unscaled = 0;
    if (!read_unscaled(bytes, unscaled)) return refuse("a decimal of more than 128 bits");
    if (!plain_) text_ += '"';
    append_decimal(unscaled, node.scale, text_);
    if (!plain_) text_ += '"';
    return p;
  }
  if (node.shown == Type::kString) {
    if (!is_text(bytes)) return refuse("not UTF-8");
    append_quoted(bytes);
    return p;
  }
  if (node.logical == Logical::kUuid && node.type == Type::kFixed) {
    if (!plain_) text_ += '"';
    append_uuid(bytes, text_);
    if (!plain_) text_ += '"';
    return p;
  }
  if (node.logical == Logical::kDuration) {
    uint32_t parts[3];
    std::memcpy(parts, bytes.data(), sizeof(parts));
    if (!plain_) text_ += '"';
    append_interval(parts[0], parts[1], parts[2], text_);
    if (!plain_) text_ += '"';
    return p;
  }
  append_quoted(encode_base64(bytes));
  return p;
}

template <bool kWrite>
const char* ValueText::walk_enum(const PlanNode& node, const char* p) {
  int64_t number = 0;
  const char* const end = input_.read_int(p, number);
  if (end == nullptr) return nullptr;
  if (static_cast<uint64_t>(number) >= node.symbols.size()) {
    return input_.fail("an enum has no such symbol", p);
  }
  if constexpr (kWrite) {
    const PlanSymbol& symbol = node.symbols[static_cast<size_t>(number)];
    if (!symbol.known) {
      return refuse("the reader's enum has neither the symbol '" + excerpt(symbol.text) +
                    "' nor a default");
    }
    append_quoted(symbol.text);
  }
  return end;
}

void ValueText::append_quoted(std::string_view text) {
  if (plain_) {
    text_ += text;
    return;
  }
  constexpr char kHex[] = "0123456789abcdef";
  text_ += '"';
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    text_.append(text, begin, i - begin);
    begin = i + 1;
    if (byte >= 0x20) {
      text_ += '\\';
      text_ += text[i];
    } else {
      text_ += "\\u00";
      text_ += kHex[byte >> 4];
      text_ += kHex[byte & 15];
    }
  }
  text_.append(text, begin);
  text_ += '"';
}

}  // namespace lakeward::format::avro
