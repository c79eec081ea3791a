#include "delta/skipping.h"

#include <gtest/gtest.h>

namespace lakeward::delta {
namespace {

using Op = Predicate::Op;

TableState state() {
  TableState state;
  state.schema = *delta_schema({{"n", "BIGINT"},
                                {"s", "VARCHAR"},
                                {"d", "DOUBLE"},
                                {"t", "TIMESTAMP WITH TIME ZONE"},
                                {"c", "DECIMAL(10,2)"},
                                {"k", "INTEGER"},
                                {"b", "BOOLEAN"}});
  state.metadata.partition_columns = {"k", "b"};
  return state;
}

AddFile file() {
  AddFile file;
  file.path = "f";
  file.partition_values = {{"k", "7"}, {"b", "true"}};
  file.stats =
      R"({"numRecords":10,"minValues":{"n":10,"s":"bb","d":1.5,"t":"2024-01-01T00:00:00.000Z","c":1.25},)"
      R"("maxValues":{"n":20,"s":"dd","d":2.5,"t":"2024-01-02T00:00:00.000Z","c":2.25},)"
      R"("nullCount":{"n":0,"s":3,"d":0,"t":0,"c":10}})";
  return file;
}

struct Case {
  const char* column;
  Op op;
  const char* literal;
  bool may_match;
};

TEST(DeltaSkipping, SkipsOnlyWhatCannotMatch) {
  const Case cases[] = {
      {"n", Op::kEqual, "9", false},
      {"n", Op::kEqual, "10", true},
      {"N", Op::kEqual, "21", false},
      {"n", Op::kLess, "10", false},
      {"n", Op::kLess, "11", true},
      {"n", Op::kLessOrEqual, "10", true},
      {"n", Op::kGreater, "20", false},
      {"n", Op::kGreaterOrEqual, "20", true},
      {"n", Op::kGreaterOrEqual, "21", false},
      {"n", Op::kNotEqual, "15", true},
      {"n", Op::kEqual, "not a number", true},
      {"n", Op::kEqual, "9.5", true},
      {"n", Op::kIsNull, "", false},
      {"n", Op::kIsNotNull, "", true},
      {"s", Op::kIsNull, "", true},
      {"s", Op::kEqual, "aa", false},
      {"s", Op::kEqual, "dd", true},
      {"s", Op::kEqual, "ddz", true},  // the maximum may be a prefix
      {"s", Op::kEqual, "de", false},
      {"s", Op::kGreater, "dd", true},
      {"s", Op::kGreater, "dz", false},
      {"d", Op::kEqual, "2.6", false},
      {"d", Op::kGreater, "99", true},  // NaN
      {"d", Op::kLess, "1.4", false},
      {"d", Op::kLess, "1.5", true},                          // too near to tell
      {"t", Op::kGreater, "2024-01-02 00:00:00.0005", true},  // a maximum cut to milliseconds
      {"t", Op::kGreater, "2024-01-02 00:00:00.001", false},
      {"t", Op::kLess, "2024-01-01", false},
      {"t", Op::kEqual, "soon", true},
      {"c", Op::kEqual, "1.5", false},  // all are null
      {"c", Op::kIsNull, "", true},
      {"k", Op::kEqual, "7", true},
      {"k", Op::kEqual, "8", false},
      {"k", Op::kNotEqual, "7", false},
      {"k", Op::kIsNull, "", false},
      {"b", Op::kEqual, "false", true},  // not judged
      {"unknown", Op::kEqual, "1", true},
  };
  for (const Case& item : cases) {
    EXPECT_EQ(may_match(file(), state(), {{item.column, item.op, item.literal}}), item.may_match)
        << item.column << " op " << static_cast<int>(item.op) << " " << item.literal;
  }
}

TEST(DeltaSkipping, NeedsAllPredicates) {
  EXPECT_TRUE(may_match(file(), state(), {{"n", Op::kEqual, "15"}, {"k", Op::kEqual, "7"}}));
  EXPECT_FALSE(may_match(file(), state(), {{"n", Op::kEqual, "15"}, {"k", Op::kEqual, "1"}}));
  EXPECT_TRUE(may_match(file(), state(), {}));
}

TEST(DeltaSkipping, KeepsFilesWithoutUsableStatistics) {
  for (const char* stats :
       {"", "nonsense", "{}", "[]", R"({"minValues":5,"maxValues":null})",
        R"({"minValues":{"n":"x"},"maxValues":{"n":{}},"nullCount":{"n":"0"}})"}) {
    AddFile bare = file();
    bare.stats = stats;
    EXPECT_TRUE(may_match(bare, state(), {{"n", Op::kEqual, "9"}})) << stats;
    EXPECT_TRUE(may_match(bare, state(), {{"n", Op::kIsNull, ""}})) << stats;
  }
}

TEST(DeltaSkipping, KnowsThatANullPartitionMatchesOnlyIsNull) {
  AddFile null = file();
  null.partition_values["k"] = std::nullopt;
  EXPECT_TRUE(may_match(null, state(), {{"k", Op::kIsNull, ""}}));
  EXPECT_FALSE(may_match(null, state(), {{"k", Op::kEqual, "7"}}));
  EXPECT_FALSE(may_match(null, state(), {{"k", Op::kIsNotNull, ""}}));
}

}  // namespace
}  // namespace lakeward::delta
