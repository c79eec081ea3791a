// Our own fetcher and librdkafka's give the same, whatever producers do. Run by
// tests/services/kafka/with_broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "connectors/kafka/consumer.h"
#include "connectors/kafka/test_producer.h"
#include "connectors/kafka/topic_facts.h"
#include "connectors/source_driver.h"
#include "format/record_headers.h"

namespace lakeward::test {
namespace {

namespace kafka = connectors::kafka;
using ::testing::Contains;
using ::testing::SizeIs;

// Everything that a record has, as text.
std::vector<std::string> describe(SourceRun& run) {
  std::vector<std::string> described;
  std::optional<stream::Offset> from;
  while (true) {
    const auto to = run.plan(from, {.rows = 700}).value();
    if (!to) return described;
    stream::Input input = run.source().read({.range = {from, *to}, .only = {}}).value();
    auto& reader = std::get<std::unique_ptr<stream::RecordReader>>(input);
    const std::unique_ptr<stream::RecordStream> records = reader->make_stream().value();
    while (const auto batch = records->next().value()) {
      for (size_t i = 0; i < batch->records.size(); ++i) {
        described.push_back(
            std::to_string(batch->provenance->partition) + "@" + std::to_string(batch->offsets[i]) +
            " " + std::string(batch->keys[i].value_or("null")) + " " +
            std::to_string(batch->timestamps[i].millis()) + " " +
            (batch->headers.empty() ? "{}" : format::headers_json(batch->headers[i])) + " " +
            (format::is_no_payload(batch->records[i].payload)
                 ? "none"
                 : std::string(batch->records[i].payload)));
      }
    }
    from = *to;
  }
}

TEST(KafkaFetch, GivesWhatLibrdkafkaGivesOfEveryCompression) {
  const std::string address = std::getenv("LAKEWARD_KAFKA");
  // Records of long ago would be deleted by the broker.
  const int64_t begin = SystemClock().now().millis();
  for (const std::string codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    const std::string topic = "t-" + codec;
    TestProducer producer({{"bootstrap.servers", address},
                           {"compression.type", codec},
                           {"linger.ms", "20"},
                           {"enable.idempotence", "true"}});
    producer.create_topic(topic, 2);
    for (int32_t partition = 0; partition < 2; ++partition) {
      std::vector<Message> messages;
      for (int i = 0; i < 1'500; ++i) {
        Message message{"{\"n\":" + std::to_string(i) + "}", "key " + std::to_string(i % 7),
                        begin + i};
        if (i % 3 == 0) message.headers = {{"a", std::to_string(i)}, {"a", "\xff"}, {"b", ""}};
        if (i % 5 == 0) message.key.reset();
        if (i % 11 == 0) message.value = std::string(static_cast<size_t>(i) * 100, 'x');
        if (i % 13 == 2) message.value.reset();
        messages.push_back(std::move(message));
      }
      producer.send(topic, partition, messages);
    }
    const auto read = [&](OptionList more) {
      more.emplace_back("brokers", scalar(address));
      more.emplace_back("topic", scalar(topic));
      World world;
      SourceRun run(world, "kafka", options(more));
      EXPECT_TRUE(run.attach().ok());
      std::vector<std::string> described = describe(run);
      std::sort(described.begin(), described.end());
      return described;
    };
    const std::vector<std::string> ours = read({});
    // A property that only librdkafka has.
    const std::vector<std::string> theirs =
        read({{"properties", options({{"check.crcs", scalar("false")}})}});
    EXPECT_THAT(ours, SizeIs(3'000)) << codec;
    EXPECT_THAT(ours, Contains("0@1 key 1 " + std::to_string(begin + 1) + " {} {\"n\":1}"));
    EXPECT_THAT(ours, Contains("1@2 key 2 " + std::to_string(begin + 2) + " {} none"));
    EXPECT_EQ(ours, theirs) << codec;
  }
}

// The offsets that one partition gives, until there are `count`.
std::vector<int64_t> read_offsets(const std::string& address, const std::string& topic,
                                  size_t count, const kafka::fetch::TopicIds& ids) {
  const kafka::TopicPartition partition{topic, 0};
  const auto consumer = kafka::Consumer::make({{"bootstrap.servers", address}}, {{partition, 0}},
                                              kafka::FetchBy::kFetcher, kafka::Service(),
                                              kafka::kAheadBytes, {nullptr, ids})
                            .value();
  std::vector<int64_t> offsets;
  while (offsets.size() < count) {
    const uint64_t rings = consumer->bell().rings();
    const kafka::Slice slice = consumer->feed(partition)
                                   .take(INT64_MAX, {}, std::make_shared<kafka::MessageBlock>())
                                   .value();
    for (size_t i = 0; i < slice.count; ++i)
      offsets.push_back(slice.block->offset(slice.first + i));
    if (slice.count == 0) consumer->bell().wait(rings);
  }
  return offsets;
}

TEST(KafkaFetch, GivesTheSameToWhoNamesATopicAndToWhoKnowsItsId) {
  const std::string address = std::getenv("LAKEWARD_KAFKA");
  const std::string topic = "t-by-id";
  TestProducer producer({{"bootstrap.servers", address}});
  producer.create_topic(topic, 1);
  producer.send(topic, 0, std::vector<Message>(700, {"x"}));
  const auto client = kafka::Client::make({{"bootstrap.servers", address}}).value();
  ASSERT_TRUE(client->partitions(topic).ok());
  const auto facts = kafka::describe_topics(*client, {topic}, false).value();
  ASSERT_EQ(facts.size(), 1U);
  kafka::fetch::TopicIds ids;
  ids.add(topic, kafka::fetch::parse_topic_id(facts[0].id).value());
  const std::vector<int64_t> by_name = read_offsets(address, topic, 700, {});
  EXPECT_EQ(by_name.back(), 699);
  EXPECT_EQ(read_offsets(address, topic, 700, ids), by_name);
}

}  // namespace
}  // namespace lakeward::test
