#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "connectors/file/file_source_fixture.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(FileSource, TakesEachFileOnce) {
  put("a", "1\n");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt).value();
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, "{\"logOffset\":0}");
  EXPECT_FALSE(run.plan(first).value());
  put("b", "2\n");
  const auto second = run.plan(first).value();
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, "{\"logOffset\":1}");
  const auto records = run.read({first, *second}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].text, "2");
  EXPECT_EQ(records[0].file, input("b").string());
}

TEST_F(FileSource, WritesSparksSourceLog) {
  put("ev 120 ü%+#.json", "1\n");
  SourceRun run = start();
  ASSERT_TRUE(run.plan(std::nullopt).value());
  const auto lines = run.log().entries(0).value();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], ::testing::StartsWith("{\"path\":\"file://" + world.folder.path().string() +
                                              "/in/ev%20120%20ü%25+%23.json\",\"timestamp\":"));
  EXPECT_THAT(lines[0], HasSubstr(",\"batchId\":0"));
}

TEST_F(FileSource, RemembersAFileWhoseNameIsNotUtf8) {
  put("\xFF\xC3ü\\.json", "1\n");
  stream::Offset to;
  {
    SourceRun run = start();
    to = *run.plan(std::nullopt).value();
    EXPECT_THAT(run.log().entries(0).value()[0], HasSubstr("/in/%FF%C3%C3%BC%5C.json\""));
  }
  SourceRun run = start();
  const auto records = run.read({std::nullopt, to}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].file, input("\xFF\xC3ü\\.json").string());
  EXPECT_FALSE(run.plan(to).value());
}

TEST_F(FileSource, PassesOverLinksThatLeadNowhere) {
  put("a", "1\n");
  std::filesystem::create_symlink("b", input("b"));
  std::filesystem::create_symlink("nowhere", input("c"));
  std::filesystem::create_directory_symlink("..", input("d"));
  EXPECT_EQ(start("in/**").drain(), (Epochs{{"1"}}));
}

TEST_F(FileSource, ReadsTheSameRangeAgainInAnotherProcess) {
  put("a", "1\n2\n");
  stream::Offset to;
  std::vector<ReadRecord> before;
  {
    SourceRun run = start();
    to = *run.plan(std::nullopt).value();
    before = run.read({std::nullopt, to}).value();
  }
  put("b", "3\n");
  SourceRun run = start();
  EXPECT_EQ(run.read({std::nullopt, to}).value(), before);
  EXPECT_EQ(run.drain(to), (Epochs{{"3"}}));
}

TEST_F(FileSource, TakesBackWhatNoEpochClaimed) {
  put("a", "1\n");
  {
    SourceRun run = start();
    ASSERT_TRUE(run.plan(std::nullopt).value());
  }
  put("b", "2\n");
  // The process died before its epoch was recorded: the offset of batch 0 was never used.
  SourceRun run = start();
  EXPECT_EQ(run.drain(), (Epochs{{"1", "2"}}));
}

TEST_F(FileSource, WaitsUntilAFileHasStoppedGrowing) {
  put("a", "1\n", Duration{0});
  SourceRun run = start();
  EXPECT_FALSE(run.plan(std::nullopt).value());
  world.clock.advance(Duration{900'000});
  put("a", "1\n2\n", Duration{0});
  world.clock.advance(Duration{900'000});
  EXPECT_FALSE(run.plan(std::nullopt).value());
  world.clock.advance(Duration{100'000});
  const auto to = run.plan(std::nullopt).value();
  ASSERT_TRUE(to);
  EXPECT_EQ(run.read({std::nullopt, *to}).value().size(), 2u);
}

TEST_F(FileSource, DoesNotTrustATimeInTheFuture) {
  put("a", "1\n", Duration{-kOld});
  SourceRun run = start();
  EXPECT_FALSE(run.plan(std::nullopt).value());
  world.clock.advance(Duration{1'000'000});
  EXPECT_TRUE(run.plan(std::nullopt).value());
}

TEST_F(FileSource, TakesARenamedFileAtOnce) {
  put(".a.tmp", "1\n");
  SourceRun run = start();
  EXPECT_FALSE(run.plan(std::nullopt).value());
  std::filesystem::rename(input(".a.tmp"), input("a"));
  EXPECT_TRUE(run.plan(std::nullopt).value());
}

TEST_F(FileSource, DrainWaitsForAGrowingFileAndTakesNothingThatComesLater) {
  put("a", "1\n");
  put("b", "2\n", Duration{100'000});
  SourceRun run = start();
  const auto first = run.plan(std::nullopt, {}, stream::PlanMode::kDrain).value();
  EXPECT_THAT(run.read({std::nullopt, *first}).value(), ::testing::SizeIs(1));
  put("c", "3\n");
  EXPECT_EQ(run.drain(first), (Epochs{{"2"}}));
  EXPECT_EQ(start().drain("{\"logOffset\":1}"), (Epochs{{"3"}}));
}

TEST_F(FileSource, OrdersFilesByTimeThenName) {
  put("c", "1\n", Duration{30'000'000});
  put("b", "3\n", Duration{10'000'000});
  put("a", "2\n", Duration{10'000'000});
  EXPECT_EQ(start().drain(), (Epochs{{"1", "2", "3"}}));
}

TEST_F(FileSource, KeepsToTheByteLimit) {
  put("a", "11\n", Duration{30'000'000});
  put("b", "22\n", Duration{20'000'000});
  put("c", "33\n", Duration{10'000'000});
  EXPECT_EQ(start().drain(std::nullopt, {.bytes = 6}), (Epochs{{"11", "22"}, {"33"}}));
}

TEST_F(FileSource, SplitsALargeFileAcrossEpochsAtLineEnds) {
  put("a", "1111\n2222\n3333\n4444\n5555");
  SourceRun run = start();
  EXPECT_EQ(run.drain(std::nullopt, {.bytes = 6}),
            (Epochs{{"1111", "2222"}, {"3333", "4444"}, {"5555"}}));
  EXPECT_THAT(run.log().entries().value(),
              ElementsAre(HasSubstr("\"from\":0,\"to\":10"), HasSubstr("\"from\":10,\"to\":20"),
                          HasSubstr("\"from\":20,\"to\":24")));
  // The next process goes on in the middle of the file, too.
  EXPECT_EQ(start().drain("{\"logOffset\":0}", {.bytes = 100}), (Epochs{{"3333", "4444", "5555"}}));
}

TEST_F(FileSource, RemembersAFileOfManyEpochsInFewEntries) {
  std::string text;
  Epochs expected;
  for (int i = 1000; i < 1100; ++i) {
    text += std::to_string(i) + "\n";
    expected.push_back({std::to_string(i)});
  }
  put("a", text);
  {
    SourceRun run = start();
    EXPECT_EQ(run.drain(std::nullopt, {.bytes = 1}), expected);
    EXPECT_LE(run.log().entries().value().size(), 20U);
  }
  // What may still be repeated stays as it was, and nothing is read again.
  SourceRun run = start();
  EXPECT_EQ(run.read({"{\"logOffset\":97}", "{\"logOffset\":98}"}).value()[0].text, "1098");
  EXPECT_EQ(run.drain("{\"logOffset\":99}"), Epochs{});
}

TEST_F(FileSource, KeepsToTheRowLimitExactly) {
  put("a", "1\n2\n\n3\n4\n", Duration{20'000'000});
  put("b.gz", gzip("5\n"), Duration{10'000'000});
  put("c", "6\n7\n", Duration{5'000'000});
  EXPECT_EQ(start().drain(std::nullopt, {.rows = 3}),
            (Epochs{{"1", "2", "3"}, {"4", "5", "6"}, {"7"}}));
}

TEST_F(FileSource, SharesAFileAmongThreads) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 200'000; ++i) {
    expected.push_back(std::to_string(i) + std::string(static_cast<size_t>(i % 200), 'x'));
    text += expected.back() + "\n";
  }
  put("a", text);
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  for (const size_t threads : {1, 3, 8}) {
    const auto records = run.read({std::nullopt, to}, {}, false, threads).value();
    ASSERT_EQ(records.size(), expected.size());
    for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].text, expected[i]);
  }
}

TEST_F(FileSource, ReadsOnlyTheRecordsThatAreAskedFor) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "record " + std::to_string(i) + "\r\n";
  put("a", text, Duration{20'000'000});
  put("b.gz", gzip(text), Duration{10'000'000});
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  const auto all = run.read({std::nullopt, to}, {}, true).value();
  ASSERT_EQ(all.size(), 100'000u);
  std::vector<uint64_t> only;
  std::vector<ReadRecord> expected;
  for (const size_t i : {0, 1, 777, 49'999, 50'000, 70'000, 99'999}) {
    only.push_back(all[i].position);
    expected.push_back(all[i]);
  }
  EXPECT_EQ(run.read({std::nullopt, to}, only, true).value(), expected);
  for (ReadRecord& record : expected) record.line = 0;
  EXPECT_EQ(run.read({std::nullopt, to}, only).value(), expected);
}

TEST_F(FileSource, CountsLinesFromTheFilesBeginning) {
  put("a", "1\n\n2\n3\n4\n");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt, {.rows = 2}).value();
  const auto second = run.plan(first, {.rows = 2}).value();
  const auto records = run.read({first, *second}, {}, true).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].line, 4u);
  EXPECT_EQ(records[1].line, 5u);
}

TEST_F(FileSource, StartsAtTheLatest) {
  put("a", "1\n");
  const OptionList latest = {{"start", scalar("latest")}};
  EXPECT_EQ(start("in/*", latest).drain(), Epochs{});
  put("b", "2\n");
  // What came before the first start is known to every later process.
  EXPECT_EQ(start("in/*", latest).drain(), (Epochs{{"2"}}));
}

TEST_F(FileSource, FindsFilesAtAnyDepth) {
  put("a.jsonl", "1\n", Duration{40'000'000});
  put("x/b.jsonl", "2\n", Duration{30'000'000});
  put("x/y/c.jsonl", "3\n", Duration{20'000'000});
  put("x/.hidden/d.jsonl", "4\n");
  put(".e.jsonl", "5\n");
  put("x/f.csv", "6\n");
  std::filesystem::create_directory_symlink(input("x"), input("x/y/loop"));
  EXPECT_EQ(start("in/**/*.jsonl").drain(), (Epochs{{"1", "2", "3"}}));
}

TEST_F(FileSource, IsStrictlyOneFileIfThePathSaysSo) {
  put("a", "1\n");
  put("b", "2\n");
  EXPECT_EQ(start("in/a").drain(), (Epochs{{"1"}}));
}

TEST_F(FileSource, NamesTheFolderThatDoesNotExist) {
  SourceRun run(world, "file", options({{"path", scalar("nowhere/*.jsonl")}}));
  const Status status = run.attach();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(world.folder.path().string() + "/nowhere"));
}

TEST_F(FileSource, NamesTheFileThatDoesNotExistWhenDraining) {
  std::filesystem::create_directories(input(""));
  SourceRun run = start("in/a.jsonl");
  EXPECT_FALSE(run.plan(std::nullopt).value());
  const auto plan = run.plan(std::nullopt, {}, stream::PlanMode::kDrain);
  EXPECT_EQ(plan.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(plan.status().message(), HasSubstr("in/a.jsonl"));
}

TEST_F(FileSource, NamesTheFileThatWasDeletedBeforeItWasRead) {
  put("a", "1\n");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  std::filesystem::remove(input("a"));
  const auto records = run.read({std::nullopt, to});
  EXPECT_EQ(records.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(records.status().message(), HasSubstr(input("a").string()));
}

TEST_F(FileSource, NamesTheFileThatShrankBeforeItWasRead) {
  put("a", "1\n2\n");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  put("a", "1\n");
  EXPECT_EQ(run.read({std::nullopt, to}).status().code(), StatusCode::kCorruption);
}

TEST_F(FileSource, ReadsNoMoreOfAFileThanItTook) {
  put("a", "1\n2\n");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  put("a", "1\n2\n3\n");
  EXPECT_EQ(run.read({std::nullopt, to}).value().size(), 2u);
}

TEST_F(FileSource, NamesTheFileThatItMayNotRead) {
  put("a", "1\n");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  std::filesystem::permissions(input("a"), std::filesystem::perms::none);
  const bool root = ::geteuid() == 0;
  if (root) {
    std::filesystem::permissions(world.folder.path(), std::filesystem::perms::all);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto records = run.read({std::nullopt, to});
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(records.status().code(), StatusCode::kIoError);
  EXPECT_THAT(records.status().message(), HasSubstr(input("a").string()));
  EXPECT_THAT(records.status().message(), HasSubstr("permission"));
}

TEST_F(FileSource, RefusesACompressedFileThatIsCutShort) {
  const std::string whole = gzip("1\n2\n3\n");
  const std::string frame = zstd("1\n2\n3\n");
  put("a.gz", std::string_view(whole).substr(0, whole.size() - 5));
  put("b.zst", std::string_view(frame).substr(0, frame.size() - 3));
  for (const std::string name : {"a.gz", "b.zst"}) {
    SourceRun run = start("in/" + name);
    const auto to = *run.plan(std::nullopt).value();
    const auto records = run.read({std::nullopt, to});
    EXPECT_EQ(records.status().code(), StatusCode::kCorruption) << name;
    EXPECT_THAT(records.status().message(), HasSubstr(input(name).string() + " is cut short"));
    // The mend that the message names.
    put(name, name == "a.gz" ? whole : frame);
    EXPECT_EQ(run.read({std::nullopt, to}).value().size(), 3u);
    ASSERT_TRUE(run.log().remove(0).ok());
  }
}

TEST_F(FileSource, RefusesTheCheckpointOfAnotherSource) {
  put("a", "1\n");
  SourceRun run = start();
  const auto plan = run.plan(stream::Offset("{\"topic\":{\"0\":5}}"));
  EXPECT_EQ(plan.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(plan.status().message(), HasSubstr("another source"));
}

TEST_F(FileSource, GoesOnFromSparksLog) {
  put("a", "1\n");
  put("b", "2\n");
  checkpoint::SourceLog log(*world.checkpoints, "p/sources/0");
  ASSERT_TRUE(log.append(0, {"{\"path\":\"file://" + input("a").string() +
                             "\",\"timestamp\":1767225720000,\"batchId\":0}"})
                  .ok());
  SourceRun run = start();
  EXPECT_EQ(run.read({std::nullopt, "{\"logOffset\":0}"}).value()[0].text, "1");
  EXPECT_EQ(run.drain("{\"logOffset\":0}"), (Epochs{{"2"}}));
}

TEST_F(FileSource, RemembersTenThousandFilesOverCompactions) {
  std::filesystem::create_directories(input(""));
  std::optional<stream::Offset> at;
  {
    SourceRun run = start();
    for (int epoch = 0; epoch < 25; ++epoch) {
      for (int i = 0; i < 400; ++i) {
        put("f" + std::to_string(epoch * 400 + i), std::to_string(i) + "\n");
      }
      const auto to = run.plan(at).value();
      ASSERT_TRUE(to);
      EXPECT_EQ(run.read({at, *to}).value().size(), 400u);
      ASSERT_TRUE(run.source().acknowledge(*to).ok());
      at = to;
    }
  }
  EXPECT_EQ(start().drain(at), Epochs{});
}

}  // namespace
}  // namespace lakeward::test
