#include "engine/parquet/thrift.h"

#include "base/check.h"

namespace lakeward::engine::parquet {

void ThriftWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
  text_ += static_cast<char>(value);
}

void ThriftWriter::zigzag(int64_t value) {
  varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void ThriftWriter::binary(std::string_view bytes) {
  varint(bytes.size());
  text_ += bytes;
}

void ThriftWriter::header(int id, Type type) {
  CHECK(!last_ids_.empty() && id > last_ids_.back(), "fields ascend, within a struct");
  const int step = id - last_ids_.back();
  if (step <= 15) {
    text_ += static_cast<char>(step << 4 | type);
  } else {
    text_ += static_cast<char>(type);
    zigzag(id);
  }
  last_ids_.back() = id;
}

void ThriftWriter::field(int id, int32_t value) {
  header(id, kInt32);
  zigzag(value);
}

void ThriftWriter::field(int id, int64_t value) {
  header(id, kInt64);
  zigzag(value);
}

void ThriftWriter::field(int id, bool value) { header(id, value ? kTrue : kFalse); }

void ThriftWriter::field(int id, int8_t value) {
  header(id, kByte);
  text_ += static_cast<char>(value);
}

void ThriftWriter::field(int id, std::string_view bytes) {
  header(id, kBinary);
  binary(bytes);
}

void ThriftWriter::begin_struct(int id) {
  header(id, kStruct);
  last_ids_.push_back(0);
}

void ThriftWriter::begin_struct() { last_ids_.push_back(0); }

void ThriftWriter::end_struct() {
  text_ += '\0';
  last_ids_.pop_back();
}

void ThriftWriter::list_header(int id, Type element, size_t count) {
  header(id, kList);
  if (count < 15) {
    text_ += static_cast<char>(count << 4 | element);
  } else {
    text_ += static_cast<char>(0xF0 | element);
    varint(count);
  }
}

void ThriftWriter::begin_list_of_structs(int id, size_t count) { list_header(id, kStruct, count); }

void ThriftWriter::list(int id, const std::vector<int32_t>& numbers) {
  list_header(id, kInt32, numbers.size());
  for (const int32_t number : numbers) zigzag(number);
}

void ThriftWriter::list(int id, const std::vector<std::string>& texts) {
  list_header(id, kBinary, texts.size());
  for (const std::string& text : texts) binary(text);
}

}  // namespace lakeward::engine::parquet
