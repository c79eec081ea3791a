#include "engine/sql_text.h"

#include <gtest/gtest.h>

namespace lakeward::engine {
namespace {

TEST(StripStatementEnd, LeavesOutWhatMayEndAStatement) {
  EXPECT_EQ(strip_statement_end("SELECT 1 ; \n"), "SELECT 1");
  EXPECT_EQ(strip_statement_end("SELECT ';' -- a; b\n;"), "SELECT ';'");
  EXPECT_EQ(strip_statement_end("SELECT \"--\" /* ; */"), "SELECT \"--\"");
  EXPECT_EQ(strip_statement_end("SELECT 1 -- x\n + 2"), "SELECT 1 -- x\n + 2");
  EXPECT_EQ(strip_statement_end("SELECT 1; -- the end;"), "SELECT 1");
}

TEST(StripStatementEnd, KnowsNestedCommentsAndDollarQuotes) {
  EXPECT_EQ(strip_statement_end("SELECT 1 /* a /* b */ ; */"), "SELECT 1");
  EXPECT_EQ(strip_statement_end("SELECT $$ -- ; $$"), "SELECT $$ -- ; $$");
  EXPECT_EQ(strip_statement_end("SELECT $x$ /* $x$ ;"), "SELECT $x$ /* $x$");
  EXPECT_EQ(strip_statement_end("SELECT a$b$ -- c"), "SELECT a$b$");
  EXPECT_EQ(strip_statement_end("SELECT $1 -- c"), "SELECT $1");
}

}  // namespace
}  // namespace lakeward::engine
