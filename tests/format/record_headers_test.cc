#include "format/record_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace lakeward::format {
namespace {

using testing::IsEmpty;

struct Case {
  std::vector<Header> headers;
  const char* json;
};

TEST(RecordHeaders, AreTextAndComeBackAsTheyWere) {
  const std::string_view bytes("\xff\0", 2);
  const std::vector<Case> cases = {
      {{}, "{}"},
      {{{"a", "1"}}, R"({"a":"1"})"},
      {{{"a", ""}, {"b", std::nullopt}}, R"({"a":"","b":null})"},
      {{{"a", "1"}, {"a", std::nullopt}, {"a", bytes}, {"b", "x"}},
       R"({"a":["1",null,{"base64":"/wA="}],"b":"x"})"},
      {{{"", bytes}}, R"({"":{"base64":"/wA="}})"},
      // What looks like our notation of bytes is text.
      {{{"a", R"({"base64":"/wA="})"}, {"b", "\\xFF"}},
       R"({"a":"{\"base64\":\"/wA=\"}","b":"\\xFF"})"},
  };
  for (const auto& [headers, json] : cases) {
    const std::string packed = pack_headers(headers);
    EXPECT_EQ(headers_json(packed), json);
    const std::string again = pack_headers_json(json).value();
    EXPECT_EQ(unpack_headers(again), headers) << json;
  }
}

TEST(RecordHeaders, OfAnyJsonObjectAreTheirText) {
  const std::string packed =
      pack_headers_json(R"({"n":1.5,"o":{"base64":"/w==","x":1},"p":{"base64":"no!"},"t":true})")
          .value();
  const std::vector<Header> expected = {{"n", "1.5"},
                                        {"o", R"({"base64":"/w==","x":1})"},
                                        {"p", R"({"base64":"no!"})"},
                                        {"t", "true"}};
  EXPECT_EQ(unpack_headers(packed), expected);
  for (const char* none : {"", "[]", "1", "{", "null"})
    EXPECT_FALSE(pack_headers_json(none)) << none;
}

TEST(RecordHeaders, ThatAreDamagedAreNone) {
  const std::vector<Header> headers = {{"name", "value"}, {"other", std::nullopt}};
  const std::string sound = pack_headers(headers);
  for (size_t size = 1; size < sound.size(); ++size) {
    EXPECT_FALSE(unpack_headers(std::string_view(sound).substr(0, size)));
    EXPECT_EQ(headers_json(std::string_view(sound).substr(0, size)), "{}");
  }
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = sound;
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    bytes.shrink_to_fit();
    const auto found = unpack_headers(bytes);
    if (found) {
      EXPECT_LE(found->size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace lakeward::format
