#include "delta/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::delta {
namespace {

using ::testing::HasSubstr;

TEST(DeltaSchema, MapsEveryEngineTypeToOneThatHoldsIt) {
  const struct {
    const char* engine;
    const char* delta;
    const char* back;
  } cases[] = {
      {"VARCHAR", "string", "VARCHAR"},
      {"BIGINT", "long", "BIGINT"},
      {"INTEGER", "integer", "INTEGER"},
      {"SMALLINT", "short", "SMALLINT"},
      {"TINYINT", "byte", "TINYINT"},
      {"FLOAT", "float", "FLOAT"},
      {"DOUBLE", "double", "DOUBLE"},
      {"BOOLEAN", "boolean", "BOOLEAN"},
      {"DATE", "date", "DATE"},
      {"TIMESTAMP WITH TIME ZONE", "timestamp", "TIMESTAMP WITH TIME ZONE"},
      {"TIMESTAMP", "timestamp_ntz", "TIMESTAMP"},
      {"BLOB", "binary", "BLOB"},
      {"DECIMAL(10,2)", "decimal(10,2)", "DECIMAL(10,2)"},
      {"UTINYINT", "short", "SMALLINT"},
      {"USMALLINT", "integer", "INTEGER"},
      {"UINTEGER", "long", "BIGINT"},
      {"UBIGINT", "decimal(20,0)", "DECIMAL(20,0)"},
      {"HUGEINT", "decimal(38,0)", "DECIMAL(38,0)"},
      {"UUID", "string", "VARCHAR"},
      {"ENUM", "string", "VARCHAR"},
      {"ENUM('a', 'b)')", "string", "VARCHAR"},
      {"JSON", "string", "VARCHAR"},
      {"TIME", "string", "VARCHAR"},
      {"TIMESTAMP_NS", "timestamp_ntz", "TIMESTAMP"},
      {"INTEGER[]", "array<integer>", "INTEGER[]"},
      {"INTEGER[3]", "array<integer>", "INTEGER[]"},
      {"DECIMAL(4,1)[][]", "array<array<decimal(4,1)>>", "DECIMAL(4,1)[][]"},
      {"MAP(VARCHAR, DOUBLE[])", "map<string,array<double>>", "MAP(VARCHAR, DOUBLE[])"},
      {"STRUCT(a INTEGER, \"b \"\"c\"\" d\" STRUCT(\"x\" UUID)[])",
       "struct<a:integer,b \"c\" d:array<struct<x:string>>>",
       "STRUCT(\"a\" INTEGER, \"b \"\"c\"\" d\" STRUCT(\"x\" VARCHAR)[])"},
      {"STRUCT(a TIMESTAMP WITH TIME ZONE, b TIMESTAMP)[]",
       "array<struct<a:timestamp,b:timestamp_ntz>>",
       "STRUCT(\"a\" TIMESTAMP WITH TIME ZONE, \"b\" TIMESTAMP)[]"},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.engine);
    const auto type = delta_type(item.engine);
    ASSERT_TRUE(type.ok()) << type.status().message();
    EXPECT_EQ(type_name(*type), item.delta);
    EXPECT_EQ(engine_type(*type), item.back);
  }
}

TEST(DeltaSchema, RefusesEngineTypesWithoutAnEqualByName) {
  for (const char* type : {"INTERVAL", "BIT", "UNION(a INTEGER)", "STRUCT(a INTERVAL)", "NULL",
                           "STRUCT(", "MAP(VARCHAR)", "INTEGER[", "", "\"", "STRUCT(\"a"}) {
    const auto refused = delta_type(type);
    ASSERT_FALSE(refused.ok()) << type;
    EXPECT_EQ(refused.status().code(), StatusCode::kUnsupported);
  }
  EXPECT_THAT(delta_schema({{"when", "INTERVAL"}}).status().message(), HasSubstr("'when'"));
  EXPECT_THAT(delta_schema({{"a", "INTEGER"}, {"A", "INTEGER"}}).status().message(),
              HasSubstr("'A' is there twice"));
}

TEST(DeltaSchema, ComesBackAsItWasPrinted) {
  const auto schema = delta_schema({{"a", "INTEGER"},
                                    {"s", "STRUCT(x VARCHAR, y MAP(VARCHAR, DATE[]))"},
                                    {"d", "DECIMAL(38,18)"}});
  ASSERT_TRUE(schema.ok());
  const auto again = parse_schema(print_schema(*schema), "t");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(*again, *schema);
  const char* metadata =
      R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":false,"metadata":{"comment":"c"}}]})";
  EXPECT_EQ(print_schema(*parse_schema(metadata, "t")), metadata);
}

TEST(DeltaSchema, RefusesWhatIsNoSchema) {
  const struct {
    const char* json;
    StatusCode code;
  } cases[] = {
      {"nonsense", StatusCode::kCorruption},
      {"[]", StatusCode::kCorruption},
      {"{}", StatusCode::kCorruption},
      {R"({"type":"struct","fields":[{"type":"long"}]})", StatusCode::kCorruption},
      {R"({"type":"struct","fields":[{"name":"a"}]})", StatusCode::kCorruption},
      {R"({"type":"struct","fields":[{"name":"a","type":5}]})", StatusCode::kCorruption},
      {R"({"type":"struct","fields":[{"name":"a","type":"long"},{"name":"A","type":"long"}]})",
       StatusCode::kCorruption},
      {R"({"type":"struct","fields":[{"name":"a","type":"variant"}]})", StatusCode::kUnsupported},
      {R"j({"type":"struct","fields":[{"name":"a","type":"decimal(50,2)"}]})j",
       StatusCode::kUnsupported},
      {R"({"type":"struct","fields":[{"name":"a","type":{"type":"set"}}]})",
       StatusCode::kUnsupported},
  };
  for (const auto& item : cases) {
    const auto refused = parse_schema(item.json, "table t");
    ASSERT_FALSE(refused.ok()) << item.json;
    EXPECT_EQ(refused.status().code(), item.code) << refused.status().message();
    EXPECT_THAT(refused.status().message(), HasSubstr("table t"));
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += R"({"type":"array","elementType":)";
  EXPECT_FALSE(parse_schema(R"({"type":"struct","fields":[{"name":"a","type":)" + deep, "t").ok());
}

TableSchema table() {
  return *delta_schema({{"id", "BIGINT"}, {"name", "VARCHAR"}, {"at", "TIMESTAMP WITH TIME ZONE"}});
}

TEST(DeltaWritePlan, OrdersCastsAndFillsColumnsByName) {
  const auto plan = plan_write({{"NAME", "UUID"}, {"id", "INTEGER"}}, table(), false, "t");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->select_list,
            "CAST(\"id\" AS BIGINT) AS \"id\", CAST(\"NAME\" AS VARCHAR) AS \"name\", "
            "CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS \"at\"");
  EXPECT_FALSE(plan->evolved);
}

TEST(DeltaWritePlan, AddsColumnsOnlyWhenAsked) {
  const engine::Schema query = {{"id", "BIGINT"}, {"extra", "DOUBLE"}, {"more", "VARCHAR"}};
  const auto refused = plan_write(query, table(), false, "silver.t");
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("silver.t has no column 'extra', 'more'"));
  EXPECT_THAT(refused.status().message(), HasSubstr("evolve_schema: true"));
  const auto plan = plan_write(query, table(), true, "silver.t");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_TRUE(plan->evolved);
  ASSERT_EQ(plan->schema.size(), 5u);
  EXPECT_EQ(plan->schema[3].name, "extra");
  EXPECT_TRUE(plan->schema[4].nullable);
}

TEST(DeltaWritePlan, CastsOnlyWhereNothingIsLost) {
  const struct {
    const char* query;
    const char* table;
    bool fits;
  } cases[] = {
      {"INTEGER", "BIGINT", true},
      {"BIGINT", "INTEGER", false},
      {"UINTEGER", "BIGINT", true},
      {"UBIGINT", "BIGINT", false},
      {"INTEGER", "DOUBLE", true},
      {"BIGINT", "DOUBLE", false},
      {"FLOAT", "DOUBLE", true},
      {"DOUBLE", "FLOAT", false},
      {"BIGINT", "DECIMAL(19,0)", true},
      {"BIGINT", "DECIMAL(19,1)", false},
      {"DECIMAL(10,2)", "DECIMAL(12,4)", true},
      {"DECIMAL(10,2)", "DECIMAL(12,1)", false},
      {"DECIMAL(10,2)", "DOUBLE", false},
      {"VARCHAR", "BIGINT", false},
      {"BIGINT", "VARCHAR", false},
      {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", false},
      {"INTEGER[]", "BIGINT[]", true},
      {"STRUCT(a INTEGER)", "STRUCT(a BIGINT, b VARCHAR)", true},
      {"STRUCT(a INTEGER, c INTEGER)", "STRUCT(a BIGINT)", false},
      {"MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, BIGINT)", true},
      {"NULL", "STRUCT(a BIGINT)", true},
      {"INTERVAL", "VARCHAR", false},
  };
  for (const auto& item : cases) {
    const auto plan =
        plan_write({{"c", item.query}}, *delta_schema({{"c", item.table}}), false, "t");
    EXPECT_EQ(plan.ok(), item.fits) << item.query << " into " << item.table;
  }
  const auto refused =
      plan_write({{"id", "VARCHAR"}}, *delta_schema({{"id", "BIGINT"}}), true, "silver.t");
  EXPECT_THAT(refused.status().message(), HasSubstr("'id' is VARCHAR, but in silver.t it is long"));
  EXPECT_THAT(refused.status().message(), HasSubstr("CAST(\"id\" AS BIGINT)"));
}

TEST(DeltaWritePlan, MissesNoColumnThatIsNotNull) {
  TableSchema schema = table();
  schema[0].nullable = false;
  EXPECT_THAT(plan_write({{"name", "VARCHAR"}}, schema, false, "t").status().message(),
              HasSubstr("'id'"));
  EXPECT_THAT(plan_write({{"id", "BIGINT"}}, schema, false, "t")->select_list, HasSubstr("error("));
}

}  // namespace
}  // namespace lakeward::delta
