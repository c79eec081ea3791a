#include "connectors/kafka/fetch/fetch_api.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

const std::string kFirstId = "0123456789abcdef";
const std::string kSecondId(kTopicIdBytes, '\xff');

TopicIds two_topics() {
  TopicIds ids;
  ids.add("a", kFirstId);
  ids.add("b", kSecondId);
  return ids;
}

TEST(TopicId, IsReadInEitherAlphabetAndRefusedIfItIsNone) {
  EXPECT_EQ(parse_topic_id("MDEyMzQ1Njc4OWFiY2RlZg"), kFirstId);
  EXPECT_EQ(parse_topic_id("_____________________w"), kSecondId);
  EXPECT_EQ(parse_topic_id("/////////////////////w"), kSecondId);
  for (const char* text : {"", "topic", "MDEyMzQ1Njc4OWFiY2Rl", "MDEyMzQ1Njc4OWFiY2RlZg==",
                           "MDEyMzQ1Njc4OWFiY2RlZgMDEyMzQ1Njc4OWFiY2RlZg"}) {
    EXPECT_FALSE(parse_topic_id(text)) << text;
  }
}

TEST(TopicId, IsOfOneTopicAtATime) {
  TopicIds ids = two_topics();
  ids.add("a", "another id of it");
  EXPECT_EQ(*ids.id_of("a"), "another id of it");
  EXPECT_EQ(ids.name_of(kFirstId), nullptr);
  EXPECT_EQ(*ids.name_of(kSecondId), "b");
  EXPECT_EQ(ids.id_of("c"), nullptr);
}

// Kafka protocol guide, "Fetch Request (Version: 13)".
TEST(FetchApi, AsksByIdForTheTopicsInOrder) {
  FetchOptions options;
  options.partition_bytes = 77;
  const TopicIds ids = two_topics();
  const std::vector<FetchPosition> positions = {{{"b", 0}, 5}, {{"b", 9}, 6}, {{"a", 1}, 7}};
  const std::string request = fetch_request(42, "me", positions, options, &ids);
  WireReader reader(request);
  EXPECT_EQ(reader.number<int32_t>(), static_cast<int32_t>(request.size() - 4));
  EXPECT_EQ(reader.number<int16_t>(), 1);
  EXPECT_EQ(reader.number<int16_t>(), 13);
  EXPECT_EQ(reader.number<int32_t>(), 42);
  EXPECT_EQ(reader.text(), "me");
  reader.skip_tags();
  EXPECT_EQ(reader.number<int32_t>(), -1);
  EXPECT_EQ(reader.number<int32_t>(), options.wait_ms);
  EXPECT_EQ(reader.number<int32_t>(), 1);
  EXPECT_EQ(reader.number<int32_t>(), options.bytes);
  EXPECT_EQ(reader.number<int8_t>(), 1);
  EXPECT_EQ(reader.number<int32_t>(), 0);
  EXPECT_EQ(reader.number<int32_t>(), -1);
  ASSERT_EQ(reader.compact_count(1), 2);
  std::vector<FetchPosition> asked;
  for (int t = 0; t < 2; ++t) {
    const std::string name = *ids.name_of(reader.bytes(kTopicIdBytes));
    const int32_t partitions = reader.compact_count(1);
    for (int32_t i = 0; i < partitions; ++i) {
      FetchPosition position{{name, reader.number<int32_t>()}, 0};
      EXPECT_EQ(reader.number<int32_t>(), -1);
      position.offset = reader.number<int64_t>();
      EXPECT_EQ(reader.number<int32_t>(), -1);
      EXPECT_EQ(reader.number<int64_t>(), -1);
      EXPECT_EQ(reader.number<int32_t>(), 77);
      reader.skip_tags();
      asked.push_back(position);
    }
    reader.skip_tags();
  }
  EXPECT_EQ(reader.compact_count(1), 0);
  EXPECT_EQ(reader.compact_count(1), 0);
  reader.skip_tags();
  EXPECT_TRUE(reader.ok() && reader.left() == 0);
  ASSERT_EQ(asked.size(), positions.size());
  for (size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].partition, positions[i].partition);
    EXPECT_EQ(asked[i].offset, positions[i].offset);
  }
}

void write_tag(WireWriter& writer) {
  writer.bytes(std::string("\x01\x05\x03xyz", 6));  // one, of number 5
}

void write_partition(WireWriter& writer, int32_t number, int16_t error,
                     const std::vector<AbortedTransaction>& aborted, const std::string& records) {
  writer.number(number);
  writer.number(error);
  for (const int64_t offset : {100, 99, 1}) writer.number(offset);
  writer.compact_count(aborted.size());
  for (const AbortedTransaction& one : aborted) {
    writer.number(one.producer);
    writer.number(one.first_offset);
    write_tag(writer);
  }
  writer.number(int32_t{-1});
  writer.compact_count(records.size());
  writer.bytes(records);
  write_tag(writer);
}

// Of both topics, and of one that was not asked for.
std::string answer_by_id(int16_t error = 0) {
  WireWriter writer;
  writer.number(int32_t{42});
  write_tag(writer);
  writer.number(int32_t{0});
  writer.number(error);
  writer.number(int32_t{0});
  writer.compact_count(3);
  writer.bytes(kSecondId);
  writer.compact_count(2);
  write_partition(writer, 0, 0, {{7, 8}, {9, 10}}, std::string(300, 'r'));
  write_partition(writer, 9, 100, {}, "");
  write_tag(writer);
  writer.bytes("nobody asked for");
  writer.compact_count(1);
  write_partition(writer, 3, 0, {}, "other");
  writer.no_tags();
  writer.bytes(kFirstId);
  writer.compact_count(1);
  write_partition(writer, 1, 0, {}, "last");
  writer.no_tags();
  write_tag(writer);
  return writer.str();
}

// "Fetch Response (Version: 13)".
TEST(FetchApi, TakesFromAnAnswerWhatIsOfItsTopics) {
  const TopicIds ids = two_topics();
  const std::string answer = answer_by_id();
  const auto fetched = parse_fetch_response(answer, 42, &ids);
  ASSERT_TRUE(fetched.ok()) << fetched.status().message();
  ASSERT_EQ(fetched->size(), 3U);
  EXPECT_EQ((*fetched)[0].partition, (TopicPartition{"b", 0}));
  EXPECT_EQ((*fetched)[0].records, std::string(300, 'r'));
  ASSERT_EQ((*fetched)[0].aborted.size(), 2U);
  EXPECT_EQ((*fetched)[0].aborted[1].producer, 9);
  EXPECT_EQ((*fetched)[0].aborted[1].first_offset, 10);
  EXPECT_EQ((*fetched)[1].partition, (TopicPartition{"b", 9}));
  EXPECT_EQ((*fetched)[1].error, 100);
  EXPECT_EQ((*fetched)[2].partition, (TopicPartition{"a", 1}));
  EXPECT_EQ((*fetched)[2].records, "last");
}

TEST(FetchApi, RefusesAnswersThatAreCutOffOrAreOfSomethingElse) {
  const TopicIds ids = two_topics();
  const std::string answer = answer_by_id();
  for (size_t size = 0; size < answer.size(); ++size) {
    EXPECT_EQ(parse_fetch_response(answer.substr(0, size), 42, &ids).status().code(),
              StatusCode::kUnavailable)
        << size;
  }
  EXPECT_EQ(parse_fetch_response(answer, 41, &ids).status().code(), StatusCode::kUnavailable);
  const std::string refused = answer_by_id(71);
  EXPECT_NE(parse_fetch_response(refused, 42, &ids).status().message().find("error 71"),
            std::string::npos);
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
