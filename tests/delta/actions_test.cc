#include "delta/actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace lakeward::delta {
namespace {

using ::testing::HasSubstr;

CommitActions full_commit() {
  CommitActions actions;
  CommitInfo info;
  info.timestamp_ms = 1'700'000'000'000;
  info.operation = "WRITE";
  info.operation_parameters = {{"mode", "Append"}};
  info.operation_metrics = {{"numFiles", "1"}};
  info.is_blind_append = true;
  info.engine_info = "Lakeward/0.1.0";
  info.user_metadata = "says \"hello\"\n";
  info.txn_id = "id";
  actions.info = info;
  actions.protocol = Protocol{3, 7, {{"timestampNtz"}}, {{"timestampNtz", "appendOnly"}}};
  Metadata metadata;
  metadata.id = "5f8d";
  metadata.description = "a table";
  metadata.schema_string = R"({"type":"struct","fields":[]})";
  metadata.partition_columns = {"k"};
  metadata.created_ms = 5;
  metadata.configuration = {{"delta.appendOnly", "false"}};
  actions.metadata = metadata;
  actions.txns = {{"app", 3, 17}};
  AddFile add;
  add.path = "k=a%20b/part-1.parquet";
  add.partition_values = {{"k", "a b"}, {"n", std::nullopt}};
  add.size = 12;
  add.modified_ms = 13;
  add.stats = R"({"numRecords":1})";
  add.tags = {{"t", "v"}};
  actions.adds = {add};
  RemoveFile remove;
  remove.path = "part-0.parquet";
  remove.deleted_ms = 99;
  remove.partition_values = PartitionValues{{"k", std::nullopt}};
  remove.size = 4;
  actions.removes = {remove};
  return actions;
}

TEST(DeltaActions, ComeBackAsTheyWerePrinted) {
  const CommitActions before = full_commit();
  const auto after = parse_actions(print_actions(before), "0.json");
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(after->info, before.info);
  EXPECT_EQ(after->protocol, before.protocol);
  EXPECT_EQ(after->metadata, before.metadata);
  EXPECT_EQ(after->txns, before.txns);
  EXPECT_EQ(after->adds, before.adds);
  EXPECT_EQ(after->removes, before.removes);
}

TEST(DeltaActions, AreOneALineWithTheInfoFirst) {
  const std::string text = print_actions(full_commit());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
  EXPECT_TRUE(text.starts_with("{\"commitInfo\":{"));
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_THAT(text, HasSubstr(R"("partitionValues":{"k":"a b","n":null})"));
}

TEST(DeltaActions, IgnoreWhatTheyDoNotKnow) {
  const auto actions = parse_actions(
      "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":1,\"modificationTime\":2,"
      "\"dataChange\":true,\"future\":{\"x\":1},\"deletionVector\":null}}\n\n"
      "{\"domainMetadata\":{\"domain\":\"d\"}}\r\n"
      "{\"cdc\":{\"path\":\"c\"}}\n"
      "{\"commitInfo\":{\"operationParameters\":{\"mode\":[1,2]},\"timestamp\":\"soon\","
      "\"isBlindAppend\":\"yes\"}}",
      "0.json");
  ASSERT_TRUE(actions.ok()) << actions.status().message();
  EXPECT_EQ(actions->adds.size(), 1u);
  EXPECT_FALSE(actions->adds[0].has_deletion_vector);
  EXPECT_EQ(actions->info->operation_parameters.at("mode"), "[1,2]");
  EXPECT_EQ(actions->info->timestamp_ms, std::nullopt);
}

TEST(DeltaActions, NameTheFileAndTheLineOfWhatIsWrong) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"{}\n{\"add\"", "line 2: not valid JSON"},
      {"[]", "line 1: not a JSON object"},
      {"{\"add\":[]}", "'add' is not an object"},
      {"{\"add\":{}}", "'path' is missing"},
      {"{\"add\":{\"path\":5}}", "'path' is not a string"},
      {"{\"add\":{\"path\":\"\"}}", "'path' is empty"},
      {"{\"add\":{\"path\":\"a\",\"size\":\"1\"}}", "'size' is not an integer"},
      {"{\"add\":{\"path\":\"a\",\"size\":1.5}}", "'size' is not an integer"},
      {"{\"add\":{\"path\":\"a\",\"dataChange\":1}}", "'dataChange' is not true or false"},
      {"{\"add\":{\"path\":\"a\",\"partitionValues\":{\"k\":1}}}",
       "'partitionValues' is not a string"},
      {"{\"protocol\":{\"minReaderVersion\":-1,\"minWriterVersion\":2}}", "out of range"},
      {"{\"protocol\":{\"minReaderVersion\":1e99,\"minWriterVersion\":2}}", "not an integer"},
      {"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":\"x\"}}",
       "'readerFeatures' is not a list"},
      {"{\"txn\":{\"appId\":\"a\"}}", "'version' is missing"},
      {"{\"metaData\":{\"schemaString\":{}}}", "'schemaString' is not a string"},
      {"{\"add\":{\"path\":\"\xff\xfe\"}}", "line 1"},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.text);
    const auto actions = parse_actions(item.text, "_delta_log/7.json");
    ASSERT_FALSE(actions.ok());
    EXPECT_EQ(actions.status().code(), StatusCode::kCorruption);
    EXPECT_THAT(actions.status().message(), HasSubstr("_delta_log/7.json"));
    EXPECT_THAT(actions.status().message(), HasSubstr(item.says));
  }
}

TEST(DeltaActions, SurviveEveryDamageToACommit) {
  const std::string good = print_actions(full_commit());
  Random random(7);
  for (size_t cut = 0; cut <= good.size(); ++cut) (void)parse_actions(good.substr(0, cut), "x");
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    for (uint64_t n = random.below(3) + 1; n > 0; --n) {
      bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    }
    const auto parsed = parse_actions(bad, "x");
    if (!parsed.ok()) {
      EXPECT_EQ(parsed.status().code(), StatusCode::kCorruption);
    }
  }
  EXPECT_FALSE(parse_actions(std::string(200'000, '['), "x").ok());
}

TEST(DeltaActions, EncodePathsOnceAndDecodeThem) {
  EXPECT_EQ(encode_path("k=a%20b/part 1#?.parquet"), "k=a%2520b/part%201%23%3F.parquet");
  EXPECT_EQ(encode_path("ü"), "%C3%BC");
  for (const char* path : {"a", "k=a%20b/x y", "100%", "%zz%4", "ü/#?&+"}) {
    EXPECT_EQ(decode_path(encode_path(path)), path);
  }
  EXPECT_EQ(decode_path("a%2fb%2"), "a/b%2");
}

}  // namespace
}  // namespace lakeward::delta
