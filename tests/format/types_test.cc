#include "format/types.h"

#include <gtest/gtest.h>

#include <utility>

namespace lakeward::format {
namespace {

TEST(NormalizeType, UnderstandsTheWordsOfDuckDbAndOfSpark) {
  const std::pair<const char*, const char*> cases[] = {
      {"VARCHAR", "VARCHAR"},
      {"string", "VARCHAR"},
      {"varchar(20)", "VARCHAR"},
      {"int", "INTEGER"},
      {" Long ", "BIGINT"},
      {"short", "SMALLINT"},
      {"byte", "TINYINT"},
      {"float", "FLOAT"},
      {"double precision", "DOUBLE"},
      {"boolean", "BOOLEAN"},
      {"binary", "BLOB"},
      {"date", "DATE"},
      {"timestamp", "TIMESTAMP"},
      {"timestamp_ltz", "TIMESTAMP WITH TIME ZONE"},
      {"TIMESTAMP", "TIMESTAMP"},
      {"timestamp_ntz", "TIMESTAMP"},
      {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
      {"timestamp with  time zone", "TIMESTAMP WITH TIME ZONE"},
      {"decimal(10, 2)", "DECIMAL(10,2)"},
      {"DECIMAL(5)", "DECIMAL(5,0)"},
      {"DECIMAL", "DECIMAL(18,3)"},
      {"array<string>", "VARCHAR[]"},
      {"INTEGER[3][]", "INTEGER[3][]"},
      {"map<string, array<int>>", "MAP(VARCHAR, INTEGER[])"},
      {"MAP(VARCHAR, DOUBLE)", "MAP(VARCHAR, DOUBLE)"},
      {"struct<a:int,b:struct<c:string>>", R"(STRUCT("a" INTEGER, "b" STRUCT("c" VARCHAR)))"},
      {R"(STRUCT("a b" INTEGER, c VARCHAR[])[])", R"(STRUCT("a b" INTEGER, "c" VARCHAR[])[])"},
      {"enum('a', 'it''s')", "ENUM('a', 'it''s')"},
      {"json", "JSON"},
  };
  for (const auto& [text, type] : cases) {
    const auto normal = normalize_type(text);
    ASSERT_TRUE(normal.ok()) << text << ": " << normal.status().message();
    EXPECT_EQ(*normal, type);
    EXPECT_EQ(*normalize_type(*normal), type) << "of " << text << ", again";
  }
}

TEST(NormalizeType, RefusesWhatIsNoType) {
  for (const char* text :
       {"", "strin g", "INTEGER]", "array<int", "array<>", "map<int>", "struct<a>", "DECIMAL(39,1)",
        "DECIMAL(2,3)", "DECIMAL(x)", "INTEGER[x]", "INTEGER, VARCHAR", "enum('a", "'"}) {
    EXPECT_EQ(normalize_type(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "array<";
  EXPECT_FALSE(normalize_type(deep).ok());
  EXPECT_NE(normalize_type("strng").status().message().find("did you mean 'STRING'?"),
            std::string::npos);
}

}  // namespace
}  // namespace lakeward::format
