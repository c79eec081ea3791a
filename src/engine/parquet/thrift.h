// Thrift's compact protocol, writing only: what Parquet's headers and footers are made of.
// Apache Thrift, "Thrift Compact protocol encoding".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakeward::engine::parquet {

// Fields of a struct in ascending order of their numbers.
class ThriftWriter {
 public:
  void field(int id, int32_t value);
  void field(int id, int64_t value);
  void field(int id, bool value);
  void field(int id, int8_t value);
  void field(int id, std::string_view bytes);
  void field(int id, const char* text) { field(id, std::string_view(text)); }

  // A struct as a field, between begin_struct() and end_struct(). The outermost one has no id.
  void begin_struct(int id);
  void begin_struct();
  void end_struct();

  // Elements follow: element(), or begin_struct() and end_struct() for each.
  void begin_list_of_structs(int id, size_t count);
  void list(int id, const std::vector<int32_t>& numbers);
  void list(int id, const std::vector<std::string>& texts);

  const std::string& str() const { return text_; }

 private:
  enum Type : uint8_t {
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kInt32 = 5,
    kInt64 = 6,
    kBinary = 8,
    kList = 9,
    kStruct = 12
  };
  void header(int id, Type type);
  void list_header(int id, Type element, size_t count);
  void varint(uint64_t value);
  void zigzag(int64_t value);
  void binary(std::string_view bytes);

  std::string text_;
  std::vector<int> last_ids_;  // of each struct that is open
};

}  // namespace lakeward::engine::parquet
