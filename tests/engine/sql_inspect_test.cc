#include "engine/sql_inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqlInspect : public testing::Test {
 protected:
  SqlInspect()
      : database_(std::move(Database::open(DatabaseOptions())).value()),
        session_(std::move(database_->make_session()).value()) {}

  SqlInspection look(const std::string& sql) {
    auto inspection = inspect(*session_, sql);
    EXPECT_TRUE(inspection.ok()) << inspection.status().message();
    return std::move(inspection).value();
  }
  std::vector<std::string> predicates(const std::string& sql) {
    static const char* kSigns[] = {"=", "<>", "<", "<=", ">", ">=", "is null", "is not null"};
    const auto found = extract_predicates(*session_, sql);
    EXPECT_TRUE(found.ok()) << found.status().message();
    std::vector<std::string> texts;
    for (const ColumnPredicate& p : *found) {
      texts.push_back(p.table + "." + p.column + " " + kSigns[static_cast<int>(p.comparison)] +
                      (p.literal_type.empty() ? "" : " " + p.literal + " " + p.literal_type));
    }
    return texts;
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

TEST_F(SqlInspect, NamesTheTablesThatAQueryReads) {
  EXPECT_THAT(look("SELECT 1").tables, IsEmpty());
  EXPECT_THAT(look("FROM input").tables, ElementsAre("input"));
  EXPECT_THAT(
      look("SELECT * FROM input i JOIN silver.x USING (a) JOIN silver.x y USING (a)").tables,
      ElementsAre("input", "silver.x"));
  EXPECT_THAT(look("SELECT (SELECT max(a) FROM t1) FROM t2 WHERE b IN (SELECT b FROM t3)").tables,
              testing::UnorderedElementsAre("t1", "t2", "t3"));
  EXPECT_THAT(look("SELECT 1 FROM a UNION ALL SELECT 2 FROM \"odd schema\".\"odd table\"").tables,
              ElementsAre("a", "odd schema.odd table"));
}

TEST_F(SqlInspect, DoesNotTakeCommonTableExpressionsForTables) {
  EXPECT_THAT(look("WITH t AS (SELECT * FROM silver.x) SELECT * FROM T").tables,
              ElementsAre("silver.x"));
  EXPECT_THAT(look("WITH x AS (SELECT * FROM x) SELECT * FROM x").tables, ElementsAre("x"));
  EXPECT_THAT(look("WITH x AS (SELECT 1) SELECT * FROM silver.x").tables, ElementsAre("silver.x"));
  EXPECT_THAT(look("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) "
                   "SELECT * FROM t")
                  .tables,
              IsEmpty());
  EXPECT_THAT(look("SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t), t").tables,
              ElementsAre("t"));
}

TEST_F(SqlInspect, NamesFunctionsInFromClauses) {
  EXPECT_THAT(look("SELECT * FROM read_csv('x.csv'), range(5)").table_functions,
              ElementsAre("read_csv", "range"));
}

TEST_F(SqlInspect, TellsASingleSelectFromOtherTexts) {
  EXPECT_TRUE(look("SELECT 1;").is_select);
  EXPECT_TRUE(look("VALUES (1)").is_select);
  EXPECT_TRUE(look("(SELECT 1) UNION (SELECT 2)").is_select);
  EXPECT_FALSE(look("SELECT 1; SELECT 2").is_select);
  EXPECT_FALSE(look("").is_select);
  EXPECT_FALSE(look("-- nothing").is_select);
  EXPECT_FALSE(look("INSERT INTO t VALUES (1)").is_select);
  EXPECT_FALSE(look("DROP TABLE t").is_select);
}

TEST_F(SqlInspect, SaysWhereASyntaxErrorIs) {
  const SqlInspection inspection = look("SELECT a,\n       b\nFORM input WHERE");
  ASSERT_TRUE(inspection.error.has_value());
  EXPECT_THAT(inspection.error->message, HasSubstr("syntax error at or near \"input\""));
  EXPECT_EQ(inspection.error->line, 3);
  EXPECT_EQ(inspection.error->column, 6);
}

TEST_F(SqlInspect, KnowsRowWiseQueries) {
  for (const char* sql : {
           "SELECT * FROM input",
           "FROM input",
           "SELECT a + 1 AS b, upper(c), CASE WHEN a > 1 THEN 2 END FROM input AS i WHERE i.a > 5",
           "SELECT * EXCLUDE (a), list_transform(l, lambda x: x + 1), list_sum(l) FROM INPUT",
           "SELECT CAST(timestamp AS TIMESTAMPTZ) AS event_time, random(), current_timestamp "
           "FROM input",
           "SELECT strptime(a, '%Y') FROM input WHERE a IS NOT NULL OR b LIKE 'x%'",
       }) {
    EXPECT_TRUE(look(sql).is_row_wise) << sql;
  }
}

TEST_F(SqlInspect, KnowsThatOtherQueriesAreNotRowWise) {
  for (const char* sql : {
           "SELECT count(*) FROM input",
           "SELECT 1 + MAX(a) FROM input",
           "SELECT weighted_avg(a, b) FROM input",  // a macro that aggregates
           "SELECT a FROM input GROUP BY a",
           "SELECT a FROM input GROUP BY ALL",
           "SELECT DISTINCT a FROM input",
           "SELECT a, row_number() OVER () FROM input",
           "SELECT a FROM input QUALIFY row_number() OVER () = 1",
           "SELECT unnest(l) FROM input",
           "SELECT UNNEST(l) FROM input",
           "SELECT a FROM input LIMIT 5",
           "SELECT a FROM input ORDER BY a",
           "SELECT a FROM input UNION ALL SELECT a FROM input",
           "SELECT a FROM input, other",
           "SELECT a FROM input JOIN silver.x USING (a)",
           "SELECT a FROM input WHERE a IN (SELECT 1)",
           "SELECT (SELECT 1) FROM input",
           "SELECT a FROM (SELECT * FROM input)",
           "WITH input AS (SELECT 1 AS a) SELECT a FROM input",
           "SELECT a FROM input USING SAMPLE 10%",
           "SELECT a FROM input TABLESAMPLE 10%",
           "SELECT a FROM other",
           "SELECT a FROM silver.input",
           "SELECT 1",
           "SELECT a FROM input HAVING count(*) > 1",
       }) {
    EXPECT_FALSE(look(sql).is_row_wise) << sql;
  }
}

TEST_F(SqlInspect, KnowsWhetherTheOutermostSelectFilters) {
  EXPECT_TRUE(look("SELECT a FROM input WHERE a > 1").has_where);
  EXPECT_FALSE(look("SELECT a FROM (SELECT a FROM input WHERE a > 1)").has_where);
}

TEST_F(SqlInspect, ChecksASelectWithoutRunningIt) {
  ASSERT_TRUE(session_->define_view("input", "SELECT NULL::INTEGER AS a, NULL::VARCHAR AS b").ok());
  const auto good = check_select(*session_, "SELECT a + 1 AS c, b FROM input -- all");
  ASSERT_TRUE(good.ok());
  EXPECT_FALSE(good->error.has_value());
  EXPECT_EQ(good->schema, (Schema{{"c", "INTEGER"}, {"b", "VARCHAR"}}));
}

TEST_F(SqlInspect, NamesTheColumnThatIsMissingAndItsPlace) {
  ASSERT_TRUE(session_->define_view("input", "SELECT 1 AS device_id, 2 AS floor, 3 AS value").ok());
  const auto check = check_select(*session_, "SELECT floor,\n  devise_id\nFROM input");
  ASSERT_TRUE(check.ok());
  ASSERT_TRUE(check->error.has_value());
  EXPECT_TRUE(check->error->is_missing_column);
  EXPECT_EQ(check->error->name, "devise_id");
  EXPECT_EQ(check->error->line, 2);
  EXPECT_EQ(check->error->column, 3);
  EXPECT_THAT(check->error->candidates, testing::Contains("device_id"));
}

TEST_F(SqlInspect, PlacesErrorsOfOtherKindsToo) {
  ASSERT_TRUE(session_->define_view("input", "SELECT 1 AS a").ok());
  const auto function = check_select(*session_, "SELECT a,\n uper(a) FROM input");
  ASSERT_TRUE(function->error.has_value());
  EXPECT_FALSE(function->error->is_missing_column);
  EXPECT_EQ(function->error->line, 2);
  EXPECT_THAT(function->error->message, HasSubstr("uper"));
  const auto table = check_select(*session_, "SELECT a FROM silver.nothing");
  ASSERT_TRUE(table->error.has_value());
  EXPECT_EQ(table->error->line, 1);
  EXPECT_THAT(table->error->message, HasSubstr("silver"));
  const auto types = check_select(*session_, "SELECT a + DATE '2026-01-01' + 'x' FROM input");
  EXPECT_TRUE(types->error.has_value());
}

TEST_F(SqlInspect, ReportsErrorsAsUsualAfterACheck) {
  ASSERT_TRUE(check_select(*session_, "SELECT nothing").ok());
  EXPECT_THAT(session_->query("SELECT nothing").status().message(), HasSubstr("LINE 1"));
}

TEST_F(SqlInspect, AppendsAColumnToARowWiseSelect) {
  ASSERT_TRUE(session_->define_view("input", "SELECT 5 AS a, 'x' AS b, 7 AS _position").ok());
  for (const char* sql : {"SELECT a, b FROM input WHERE a > 1", "SELECT a, b FROM input i;",
                          "SELECT * EXCLUDE (_position) FROM input -- all of them"}) {
    const auto extended = add_column_to_select(*session_, sql, "_position + 1", "__pos");
    ASSERT_TRUE(extended.ok()) << extended.status().message();
    const auto rows = session_->query(*extended);
    ASSERT_TRUE(rows.ok()) << *extended << rows.status().message();
    ASSERT_EQ(rows->schema().size(), 3U);
    EXPECT_EQ(rows->schema()[2].name, "__pos");
    EXPECT_EQ(rows->integer(0, 2), 8);
  }
}

TEST_F(SqlInspect, AppendsNoColumnToOtherTexts) {
  for (const char* sql :
       {"SELECT count(*) FROM input", "SELECT 1; SELECT 2", "SELECT FROM", "", "DROP TABLE t"}) {
    EXPECT_EQ(add_column_to_select(*session_, sql, "1", "x").status().code(),
              StatusCode::kInvalidArgument)
        << sql;
  }
  EXPECT_EQ(add_column_to_select(*session_, "FROM input", "1 +", "x").status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SqlInspect, KeepsAQuerysMeaningWhenItAppendsAColumn) {
  ASSERT_TRUE(session_
                  ->define_view("input",
                                "SELECT '2026-01-01T00:00:00+02:00' AS ts, 21.5::DOUBLE AS v, "
                                "[1, 2] AS l, {'x': 1} AS s, '{\"k\": \"w\"}' AS j, 3 AS p")
                  .ok());
  const std::string select =
      "SELECT CAST(ts AS TIMESTAMPTZ) AS t, date_trunc('hour', CAST(ts AS TIMESTAMPTZ)) AS h, "
      "v * 1.5e0 AS v, 12345678901234567890123 AS huge, 21.25 AS d, -5 AS n, l[1] AS first, s.x, "
      "list_transform(l, lambda y: y + 1) AS more, j->>'$.k' AS k, 'it''s' AS \"offset\", "
      "CASE WHEN v BETWEEN -40 AND 120 THEN 'ok' ELSE NULL END AS c, "
      "CAST(ts AS TIMESTAMPTZ) AT TIME ZONE 'Asia/Tokyo' AS z, INTERVAL 2 DAY AS i, "
      "extract(hour FROM CAST(ts AS TIMESTAMPTZ)) AS hour, TRY_CAST('x' AS INTEGER) AS bad "
      "FROM input WHERE v NOT IN (1, 2) AND ts NOT LIKE 'x%' AND v IS DISTINCT FROM 3";
  const auto extended = add_column_to_select(*session_, select, "p", "position");
  ASSERT_TRUE(extended.ok()) << extended.status().message();
  const auto same = session_->query("SELECT ((SELECT a FROM (" + select +
                                    ") a)::VARCHAR = (SELECT a FROM (SELECT * EXCLUDE (position) "
                                    "FROM (" +
                                    *extended + ")) a)::VARCHAR)");
  ASSERT_TRUE(same.ok()) << same.status().message() << *extended;
  EXPECT_EQ(same->integer(0, 0), 1) << *extended;
}

TEST_F(SqlInspect, ExtractsComparisonsOfColumnsWithConstants) {
  EXPECT_THAT(
      predicates("SELECT * FROM silver.r WHERE a = 5 AND 5 < b AND c BETWEEN -1 AND 2.5 AND "
                 "d >= DATE '2026-01-01' AND t < TIMESTAMPTZ '2026-01-01T00:00:00+01:00' AND "
                 "e <> 'x' AND f IS NULL AND g IS NOT NULL AND r.h <= 1 AND silver.r.k > 0"),
      ElementsAre("silver.r.a = 5 INTEGER", "silver.r.b > 5 INTEGER", "silver.r.c >= -1 INTEGER",
                  "silver.r.c <= 2.5 DECIMAL(2,1)", "silver.r.d >= 2026-01-01 DATE",
                  "silver.r.t < 2025-12-31 23:00:00+00 TIMESTAMP WITH TIME ZONE",
                  "silver.r.e <> x VARCHAR", "silver.r.f is null", "silver.r.g is not null",
                  "silver.r.h <= 1 INTEGER", "silver.r.k > 0 INTEGER"));
}

TEST_F(SqlInspect, ExtractsNothingThatWouldNotHoldForEveryRow) {
  for (const char* sql : {
           "SELECT * FROM r WHERE a = 5 OR b = 6",
           "SELECT * FROM r WHERE NOT (a = 5 AND b = 6)",
           "SELECT * FROM r WHERE a = b",
           "SELECT * FROM r WHERE a + 1 = 5",
           "SELECT * FROM r WHERE a = NULL",
           "SELECT * FROM r",
           "SELECT * FROM (SELECT * FROM r) WHERE a = 5",
           "SELECT * FROM r, s WHERE a = 5",              // whose column?
           "SELECT * FROM r AS x, r AS y WHERE x.a = 5",  // occurs twice
           "SELECT * FROM r WHERE a = 5 AND b = (SELECT max(b) FROM r)",
           "WITH r AS (SELECT 1 AS a) SELECT * FROM r WHERE a = 5",  // no table
           "SELECT * FROM s ASOF JOIN r ON s.t >= r.t WHERE r.a = 5",
           "SELECT * FROM s POSITIONAL JOIN r WHERE r.a = 5",
           "SELECT * FROM s LEFT JOIN r ON s.t = r.t WHERE r.a IS NULL",
           "SELECT * FROM r TABLESAMPLE 10% WHERE a = 5",
           "SELECT * FROM r AS r(b, a) WHERE a = 5",
           "SELECT 1 UNION SELECT a FROM r WHERE a = 5",
           "SELECT count(*) FROM r HAVING count(*) = 5",
       }) {
    EXPECT_THAT(predicates(sql), IsEmpty()) << sql;
  }
}

TEST_F(SqlInspect, ExtractsFromBothSidesOfAJoinByTheirNames) {
  EXPECT_THAT(
      predicates("SELECT * FROM silver.r AS x LEFT JOIN silver.s USING (id) "
                 "WHERE x.a = 5 AND s.b = 'q' AND silver.s.c = 1 AND d = 2"),
      ElementsAre("silver.r.a = 5 INTEGER", "silver.s.b = q VARCHAR", "silver.s.c = 1 INTEGER"));
}

TEST_F(SqlInspect, RefusesToExtractFromWhatIsNotOneSelect) {
  EXPECT_EQ(extract_predicates(*session_, "SELEC").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(extract_predicates(*session_, "SELECT 1; SELECT 2").status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lakeward::engine
