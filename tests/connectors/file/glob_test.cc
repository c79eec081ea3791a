#include "connectors/file/glob.h"

#include <gtest/gtest.h>

namespace lakeward::connectors::file {
namespace {

struct Look {
  const char* path;
  const char* written;
  bool expected;
};

TEST(FileGlob, KnowsWhetherItLooksIntoAFolder) {
  for (const Look& look :
       {Look{"out", "out", true}, Look{"out/*.jsonl", "out", true},
        Look{"out/**/*.jsonl", "./out/", true}, Look{"out/day/x.csv", "out", true},
        Look{"/data/out/*", "/data/out", true}, Look{"outer/*", "out", false},
        Look{"*.csv", "out", false}, Look{"in/*", "out", false}, Look{"out/*", "out/deeper", false},
        Look{"/out/*", "data/out", false}}) {
    EXPECT_EQ(looks_into(look.path, look.written), look.expected)
        << look.path << ", " << look.written;
  }
}

}  // namespace
}  // namespace lakeward::connectors::file
