#include "delta/scan.h"

#include <gmock/gmock.h>

#include "delta_fixture.h"

namespace lakeward::delta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using DeltaScan = DeltaTest;

TEST_F(DeltaScan, ReturnsPartitionColumnsOfEveryTypeAsTheyWere) {
  const std::string select =
      "SELECT * FROM (VALUES "
      "(1, 'a b/c%d=é''', DATE '2024-02-29', TIMESTAMPTZ '2024-01-01 10:00:00.5+00', "
      "1.25::DECIMAL(5,2), "
      "true, 1.5::DOUBLE, TIMESTAMP '1969-12-31 23:59:59.999999', 9::TINYINT), "
      "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
      "(3, 'NULL', DATE '0001-01-01', TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', -1.00, false, "
      "'-inf'::DOUBLE, TIMESTAMP '2024-01-01', -9)) v(x, s, d, t, de, b, f, n, i)";
  Table table = open_table();
  NewTable definition;
  definition.partition_by = {"s", "d", "T", "de", "b", "f", "n", "i"};
  TableWriter writer = open_writer(table, select, definition);
  append(writer, select);
  const Scan all = must(scan(table, must(table.snapshot())));
  EXPECT_EQ(all.files.size(), 3u);
  EXPECT_EQ(must(session_->describe(all.sql)), must(session_->describe(select)));
  const auto difference =
      must(session_->query("(" + all.sql + " EXCEPT ALL " + select + ") UNION ALL (" + select +
                           " EXCEPT ALL " + all.sql + ")"));
  EXPECT_EQ(difference.size(), 0u);
}

TEST_F(DeltaScan, OfATableWithoutFilesHasItsColumns) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a, [{'x': 'y'}] AS l");
  must(writer.commit(CommitRequest{}));
  const Scan empty = must(scan(table, must(table.snapshot()), {.position_column = "_p"}));
  EXPECT_THAT(rows_of(empty), IsEmpty());
  const engine::Schema schema = must(session_->describe(empty.sql));
  ASSERT_EQ(schema.size(), 3u);
  EXPECT_EQ(schema[1].type, "STRUCT(x VARCHAR)[]");
  EXPECT_EQ(schema[2].type, "UBIGINT");
}

TEST_F(DeltaScan, GivesEachRowItsFileAndPlace) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT range::INTEGER AS a FROM range(5000)");
  append(writer, "SELECT 5000 + range::INTEGER AS a FROM range(3)");
  const Scan scanned = must(scan(table, must(table.snapshot()), {.position_column = "_position"}));
  ASSERT_EQ(scanned.files.size(), 2u);
  EXPECT_THAT(rows_of(scanned, "SELECT count(DISTINCT _position), count(*) FROM t"),
              ElementsAre("(5003, 5003)"));
  const int small = scanned.files[0].stats.find("\"numRecords\":3,") != std::string::npos ? 0 : 1;
  EXPECT_THAT(
      rows_of(scanned, "SELECT _position >> 44, _position & 3 FROM t WHERE a >= 5000"),
      ElementsAre("(" + std::to_string(small) + ", 0)", "(" + std::to_string(small) + ", 1)",
                  "(" + std::to_string(small) + ", 2)"));
}

TEST_F(DeltaScan, ReadsOnlyTheFilesThatMayMatch) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a, 'x' AS s");
  for (const char* range : {"0, 10", "10, 20", "20, 30"}) {
    append(writer,
           "SELECT range::INTEGER AS a, 's' || range AS s FROM range(" + std::string(range) + ")");
  }
  const Scan some = must(scan(table, must(table.snapshot()),
                              {.predicates = {{"a", Predicate::Op::kGreaterOrEqual, "12"},
                                              {"a", Predicate::Op::kLess, "15"}}}));
  EXPECT_EQ(some.files.size(), 1u);
  EXPECT_EQ(some.skipped_files, 2u);
  EXPECT_EQ(rows_of(some, "SELECT * FROM t WHERE a >= 12 AND a < 15").size(), 3u);
  const Scan none = must(
      scan(table, must(table.snapshot()), {.predicates = {{"s", Predicate::Op::kEqual, "zzz"}}}));
  EXPECT_THAT(rows_of(none), IsEmpty());
}

TEST_F(DeltaScan, ReadsTheFilesOfOneVersionOnly) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) append(writer, "SELECT " + std::to_string(i) + " AS a");
  const CommitActions commit = must(table.read_commit(1));
  EXPECT_THAT(rows_of(must(scan_files(table, must(table.state()), commit.adds))),
              ElementsAre("(1)"));
  EXPECT_EQ(table.read_commit(3).status().code(), StatusCode::kNotFound);
}

TEST_F(DeltaScan, FillsColumnsThatOldFilesLack) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a, {'x': 1} AS s");
  append(writer, "SELECT 1 AS a, {'x': 1} AS s");
  const std::string wider = "SELECT 2 AS a, {'x': 2} AS s, 'new' AS b";
  const WritePlan plan =
      must(plan_write(must(session_->describe(wider)), writer.state().schema, true, "t"));
  CommitRequest request;
  request.adds = must(write_files(*session_, wider, plan, store_, "t", {}, clock_)).adds;
  request.new_schema = plan.schema;
  EXPECT_EQ(must(writer.commit(request)).version, 1);
  EXPECT_THAT(rows(table), ElementsAre("(1, {'x': 1}, NULL)", "(2, {'x': 2}, new)"));
  EXPECT_THAT(rows_of(must(scan(table, must(table.snapshot_at(Version{0}))))),
              ElementsAre("(1, {'x': 1})"));
  EXPECT_THAT(rows_of(must(scan(table, must(table.snapshot()), {.columns = {"b", "A"}}))),
              ElementsAre("(NULL, 1)", "(new, 2)"));
  EXPECT_THAT(scan(table, must(table.snapshot()), {.columns = {"zz"}}).status().message(),
              HasSubstr("no column 'zz'"));
}

TEST_F(DeltaScan, ReadsFoldersWithPatternCharactersInTheirNames) {
  Table table = open_table("a[b]*? 'c'");
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  CommitRequest request;
  request.adds = write(writer, "SELECT 1 AS a", "a[b]*? 'c'");
  must(writer.commit(request));
  EXPECT_THAT(rows(table), ElementsAre("(1)"));
}

using DeltaDataWriter = DeltaTest;

TEST_F(DeltaDataWriter, StopsAtNullInAColumnThatIsNotNull) {
  Table table = open_table();
  NewTable definition;
  definition.schema = must(delta_schema({{"a", "INTEGER"}, {"b", "VARCHAR"}}));
  definition.schema[0].nullable = false;
  TableWriter writer = must(TableWriter::open_or_create(table, definition, clock_));
  append(writer, "SELECT 1 AS a, 'x' AS b");
  const std::string bad = "SELECT CASE WHEN range < 5 THEN range::INTEGER END AS a FROM range(6)";
  const WritePlan plan =
      must(plan_write(must(session_->describe(bad)), writer.state().schema, false, "t"));
  const auto refused = write_files(*session_, bad, plan, store_, "t", {}, clock_);
  EXPECT_THAT(refused.status().message(), HasSubstr("'a' of t is declared not null"));
  EXPECT_EQ(rows(table).size(), 1u);
}

TEST_F(DeltaDataWriter, WritesNothingForNoRows) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  EXPECT_THAT(write(writer, "SELECT 1 AS a WHERE false"), IsEmpty());
}

TEST_F(DeltaDataWriter, RefusesPartitionsThatItCannotWrite) {
  const WritePlan plan =
      must(plan_write({{"a", "BLOB"}, {"b", "INTEGER"}},
                      must(delta_schema({{"a", "BLOB"}, {"b", "INTEGER"}})), false, "t"));
  for (const char* column : {"a", "zz"}) {
    DataWriterOptions options;
    options.partition_by = {column};
    EXPECT_FALSE(write_files(*session_, "SELECT '\\x00'::BLOB AS a, 1 AS b", plan, store_, "t",
                             options, clock_)
                     .ok());
  }
}

}  // namespace
}  // namespace lakeward::delta
