#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "io/object_store.h"
#include "support/temp_folder.h"

namespace lakeward::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> paths(const std::vector<ObjectInfo>& objects) {
  std::vector<std::string> names;
  for (const ObjectInfo& object : objects) names.push_back(object.path);
  return names;
}

class LocalStoreTest : public ::testing::Test {
 protected:
  test::TempFolder folder_;
  std::unique_ptr<ObjectStore> store_ = make_local_store(folder_.path() / "lake");
};

TEST_F(LocalStoreTest, MakesItsFoldersAtTheFirstWriteOnly) {
  EXPECT_THAT(*store_->list("t"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "lake"));
  ASSERT_TRUE(store_->put("silver/t/a", "one").ok());
  EXPECT_EQ(*store_->get("silver/t/a"), "one");
}

TEST_F(LocalStoreTest, PutReplacesAndPutIfAbsentDoesNot) {
  ASSERT_TRUE(store_->put("a", "one").ok());
  ASSERT_TRUE(store_->put("a", "two").ok());
  EXPECT_EQ(store_->put_if_absent("a", "three").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*store_->get("a"), "two");
  ASSERT_TRUE(store_->put_if_absent("b", "").ok());
  EXPECT_EQ(*store_->get("b"), "");
}

TEST_F(LocalStoreTest, LetsExactlyOneOfManyCreateAPath) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    const std::string path = "log/" + std::to_string(round);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        if (store_->put_if_absent(path, std::string(1000, static_cast<char>('a' + i))).ok())
          ++winners;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(store_->get(path)->size(), 1000u);
  }
}

TEST_F(LocalStoreTest, LeavesNoTemporaryFilesBehind) {
  ASSERT_TRUE(store_->put("t/a", "one").ok());
  ASSERT_TRUE(store_->put_if_absent("t/b", "one").ok());
  EXPECT_FALSE(store_->put_if_absent("t/b", "one").ok());
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder_.path() / "lake/t")) {
    ++files;
  }
  EXPECT_EQ(files, 2u);
}

TEST_F(LocalStoreTest, ListsByNameAfterAGivenOneWithoutHiddenFilesAndFolders) {
  for (const char* path : {"t/b", "t/c", "t/a", "t/.hidden", "t/sub/d"}) {
    ASSERT_TRUE(store_->put(path, "x").ok());
  }
  EXPECT_THAT(paths(*store_->list("t")), ElementsAre("t/a", "t/b", "t/c"));
  EXPECT_THAT(paths(*store_->list("t", "a")), ElementsAre("t/b", "t/c"));
  EXPECT_THAT(*store_->list_folders("t"), ElementsAre("sub"));
  EXPECT_EQ(store_->list_recursive("")->size(), 4u);
  EXPECT_EQ(store_->list("t")->front().size, 1u);
}

TEST_F(LocalStoreTest, ReadsRangesUpToTheEnd) {
  ASSERT_TRUE(store_->put("a", "0123456789").ok());
  EXPECT_EQ(*store_->get_range("a", 2, 3), "234");
  EXPECT_EQ(*store_->get_range("a", 8, 100), "89");
  EXPECT_EQ(*store_->get_range("a", 10, 1), "");
  EXPECT_EQ(*store_->get_range("a", ~0ULL, ~0ULL), "");
}

TEST_F(LocalStoreTest, SaysNotFoundForWhatIsMissingOrAFolder) {
  ASSERT_TRUE(store_->put("t/a", "x").ok());
  for (const char* path : {"missing", "t", "t/a/below"}) {
    EXPECT_EQ(store_->get(path).status().code(), StatusCode::kNotFound) << path;
    EXPECT_EQ(store_->get_range(path, 0, 1).status().code(), StatusCode::kNotFound) << path;
    EXPECT_EQ(store_->stat(path).status().code(), StatusCode::kNotFound) << path;
    EXPECT_EQ(store_->local_copy(path).status().code(), StatusCode::kNotFound) << path;
  }
  EXPECT_TRUE(store_->remove("missing").ok());
  EXPECT_TRUE(store_->remove("t/a").ok());
  EXPECT_THAT(*store_->list("t"), IsEmpty());
}

TEST_F(LocalStoreTest, RefusesPathsThatLeaveItsRoot) {
  for (const char* path : {"../x", "/x", "a/../x", "a//b", "a/", "./a"}) {
    EXPECT_EQ(store_->put(path, "x").code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(store_->get(path).status().code(), StatusCode::kInvalidArgument) << path;
  }
}

TEST_F(LocalStoreTest, StagesAFileThatIsVisibleAtItsPath) {
  const auto staged = store_->stage("t/data.parquet");
  ASSERT_TRUE(staged.ok());
  std::filesystem::create_directories(staged->parent_path() / "day=1");
  std::ofstream(staged->parent_path() / "day=1/x") << "rows";
  ASSERT_TRUE(store_->publish("t/day=1/x").ok());
  EXPECT_EQ(*store_->get("t/day=1/x"), "rows");
  EXPECT_EQ(*store_->local_copy("t/day=1/x"), folder_.path() / "lake/t/day=1/x");
  EXPECT_EQ(store_->publish("t/never-written").code(), StatusCode::kNotFound);
}

TEST_F(LocalStoreTest, ReportsWhatTheSystemRefuses) {
  if (::geteuid() == 0) {
    // Root may write everywhere: a file in a folder's place is refused to everybody.
    ASSERT_TRUE(store_->put("t", "a file").ok());
    EXPECT_EQ(store_->put("t/a", "x").code(), StatusCode::kIoError);
    return;
  }
  ASSERT_TRUE(store_->put("t/a", "x").ok());
  ASSERT_EQ(::chmod((folder_.path() / "lake/t").c_str(), 0500), 0);
  const Status refused = store_->put("t/b", "x");
  ASSERT_EQ(::chmod((folder_.path() / "lake/t").c_str(), 0700), 0);
  EXPECT_EQ(refused.code(), StatusCode::kIoError);
  EXPECT_THAT(refused.message(), HasSubstr("lake/t"));
}

TEST(OpenStore, TakesFoldersAndFileUrisAndNamesWhatItCannot) {
  EXPECT_EQ((*open_store("/data/lake/"))->root(), "/data/lake");
  EXPECT_EQ((*open_store("file:///data/lake"))->root(), "/data/lake");
  EXPECT_EQ((*open_store("lake"))->root(), "lake");
  const Status refused = open_store("s3://bucket/x").status();
  EXPECT_EQ(refused.code(), StatusCode::kUnsupported);
  EXPECT_THAT(refused.message(), HasSubstr("s3://"));
  EXPECT_EQ(open_store("").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(open_store("file://data").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lakeward::io
