#include "format/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lakeward::format {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesWhatItDecodes) {
  for (const auto& [bytes, text] :
       {std::pair("", ""), std::pair("f", "Zg=="), std::pair("fo", "Zm8="),
        std::pair("foo", "Zm9v"), std::pair("foob", "Zm9vYg=="),
        std::pair("\xFF\xFE\xFD", "//79")}) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

}  // namespace
}  // namespace lakeward::format
