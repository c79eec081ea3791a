#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace lakeward {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid_argument(std::to_string(number) + " is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  ASSIGN_OR_RETURN(const int once, half(number));
  ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status check_quarter(int number) {
  RETURN_IF_ERROR(quarter(number).status());
  return ok_status();
}

TEST(Status, IsOkWithoutAMessage) {
  EXPECT_TRUE(ok_status().ok());
  EXPECT_EQ(ok_status().code(), StatusCode::kOk);
  EXPECT_EQ(ok_status().message(), "");
  EXPECT_TRUE(ok_status().with_context("reading").ok());
}

TEST(Status, PutsTheContextBeforeItsMessageAndKeepsItsCode) {
  const Status status = not_found("no table 'a.b'").with_context("silver");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "silver: no table 'a.b'");
}

TEST(Status, SaysWhetherARetryCanHelp) {
  EXPECT_TRUE(unavailable("the broker is away").retriable());
  EXPECT_TRUE(resource_exhausted("the disk is full").retriable());
  EXPECT_TRUE(out_of_memory("the memory is used").retriable());
  EXPECT_FALSE(corruption("bad magic").retriable());
  EXPECT_FALSE(ok_status().retriable());
}

TEST(Status, TellsWhatTheOperatingSystemMeant) {
  EXPECT_EQ(errno_status(ENOENT, "open", "a.txt").code(), StatusCode::kNotFound);
  EXPECT_EQ(errno_status(EEXIST, "create", "a.txt").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(errno_status(ENOSPC, "write", "a.txt").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(errno_status(EACCES, "open", "a.txt").code(), StatusCode::kIoError);
  EXPECT_NE(errno_status(EACCES, "open", "a.txt").message().find("a.txt"), std::string::npos);
}

TEST(Status, HasANameForEachCode) {
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    EXPECT_FALSE(to_string(static_cast<StatusCode>(code)).empty()) << code;
  }
  EXPECT_EQ(to_string(StatusCode::kNotFound), "not_found");
}

TEST(Result, CarriesAValueOrTheReasonWhyThereIsNone) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
  EXPECT_TRUE(check_quarter(8).ok());
  EXPECT_EQ(check_quarter(7).message(), "7 is odd");
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> owner = std::move(result).value();
  EXPECT_EQ(*owner, 7);
}

TEST(ResultDeathTest, StopsTheProcessWhenAMissingValueIsUsed) {
  const Result<int> result = not_found("no such number");
  EXPECT_DEATH(result.value(), "no such number");
}

}  // namespace
}  // namespace lakeward
