#include "connectors/kafka/fetch/group_api.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using std::string_literals::operator""s;

GroupRequest request(int16_t version) { return {version, 7, "me", "g"}; }

// Kafka protocol guide: the header of requests that are not flexible, version 1, then the body.
TEST(KafkaGroupApi, AsksWhatTheProtocolSays) {
  const std::string header = "\0\0\0\7\0\2me"s;
  EXPECT_EQ(find_coordinator_request(request(0)), "\0\0\0\17\0\12\0\0"s + header + "\0\1g"s);
  EXPECT_EQ(find_coordinator_request(request(1)), "\0\0\0\20\0\12\0\1"s + header + "\0\1g\0"s);
  EXPECT_EQ(describe_group_request(request(3)),
            "\0\0\0\24\0\17\0\3"s + header + "\0\0\0\1\0\1g\1"s);
  const std::string partitions =
      "\0\0\0\2\0\1a\0\0\0\2"s
      "\0\0\0\0\0\0\0\0\0\0\0\5\0\0"s
      "\0\0\0\3\0\0\0\0\0\0\1\0\0\0"s
      "\0\1b\0\0\0\1"s
      "\0\0\0\1\0\0\0\0\0\0\0\0\0\0"s;
  EXPECT_EQ(offset_commit_request(request(2), {{{"a", 0}, 5}, {{"a", 3}, 256}, {{"b", 1}, 0}}),
            "\0\0\0\131\0\10\0\2"s + header + "\0\1g\xff\xff\xff\xff\0\0"s +
                std::string(8, '\xff') + partitions);
}

struct Answers {
  const char* name;
  std::function<Status(std::string_view)> parse;
  std::string bytes;
};

std::vector<Answers> good_answers() {
  const auto found = [](int16_t version) {
    return [version](std::string_view bytes) {
      return parse_find_coordinator_response(bytes, request(version)).status();
    };
  };
  const auto committed = [](int16_t version) {
    return [version](std::string_view bytes) {
      return parse_offset_commit_response(bytes, request(version)).status();
    };
  };
  const auto described = [](std::string_view bytes) {
    return parse_describe_group_response(bytes, request(3)).status();
  };
  const std::string member = "\0\1m\0\1c\0\1h\0\0\0\2md\0\0\0\0"s;
  return {
      {"FindCoordinator 0", found(0), "\0\0\0\7\0\0\0\0\0\1\0\4host\0\0\x23\x84"s},
      {"FindCoordinator 1", found(1), "\0\0\0\7\0\0\0\0\0\0\xff\xff\0\0\0\1\0\4host\0\0\x23\x84"s},
      {"OffsetCommit 2", committed(2), "\0\0\0\7\0\0\0\1\0\1a\0\0\0\1\0\0\0\3\0\x10"s},
      {"OffsetCommit 3", committed(3), "\0\0\0\7\0\0\0\0\0\0\0\1\0\1a\0\0\0\1\0\0\0\3\0\x10"s},
      {"DescribeGroups 3", described,
       "\0\0\0\7\0\0\0\0\0\0\0\1\0\0\0\1g\0\6Stable\0\1p\0\0\0\0\0\1"s + member + "\0\0\1\x08"s},
  };
}

TEST(KafkaGroupApi, ReadsWhatBrokersAnswer) {
  for (const Answers& good : good_answers()) EXPECT_TRUE(good.parse(good.bytes).ok()) << good.name;
  const auto answers = good_answers();
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const auto version = static_cast<int16_t>(i);
    const FoundCoordinator found =
        parse_find_coordinator_response(answers[i].bytes, request(version)).value();
    EXPECT_EQ(found.error, 0);
    EXPECT_EQ(found.address, (BrokerAddress{"host", 9092}));
    const CommitErrors errors =
        parse_offset_commit_response(answers[2 + i].bytes,
                                     request(static_cast<int16_t>(2 + version)))
            .value();
    EXPECT_EQ(errors, (CommitErrors{{{"a", 3}, 16}}));
  }
  const DescribedGroup group = parse_describe_group_response(answers[4].bytes, request(3)).value();
  EXPECT_EQ(group.error, 0);
  EXPECT_EQ(group.operations, DescribedGroup::kRead | 1 << 8);
  // Without a place, as there is none to name.
  EXPECT_EQ(parse_find_coordinator_response("\0\0\0\7\0\17\xff\xff\xff\xff\0\0\xff\xff\xff\xff"s,
                                            request(0))
                .value()
                .error,
            15);
}

TEST(KafkaGroupApi, RefusesWhatIsNoAnswer) {
  for (const Answers& good : good_answers()) {
    for (size_t size = 0; size < good.bytes.size(); ++size) {
      const Status cut = good.parse(std::string_view(good.bytes).substr(0, size));
      EXPECT_EQ(cut.code(), StatusCode::kUnavailable) << good.name << ", " << size << " bytes";
    }
    std::string anothers = good.bytes;
    anothers[3] = 8;
    EXPECT_FALSE(good.parse(anothers).ok()) << good.name;
    // Each byte as anything: an answer or none, but nothing beyond its end is read.
    for (size_t at = 4; at < good.bytes.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string changed = good.bytes;
        changed[at] = static_cast<char>(value);
        const Status status = good.parse(changed);
        EXPECT_TRUE(status.ok() || status.code() == StatusCode::kUnavailable);
      }
    }
  }
  for (const char* nowhere : {"\0\0\x23\x84", "\0\0\0\0", "\0\1\0\0", "\xff\xff\xff\xff"}) {
    const std::string port(nowhere, 4);
    const std::string host = port == "\0\0\x23\x84"s ? "\0\0"s : "\0\1h"s;
    EXPECT_FALSE(
        parse_find_coordinator_response("\0\0\0\7\0\0\0\0\0\1"s + host + port, request(0)).ok());
  }
  EXPECT_FALSE(parse_describe_group_response(
                   "\0\0\0\7\0\0\0\0\0\0\0\1\0\0\0\1x\0\0\0\0\0\0\0\0\0\0\0\0\0\x08"s, request(3))
                   .ok())
      << "another group";
  // More elements than there are bytes.
  for (const char* count : {"\x7f\xff\xff\xff", "\0\0\0\2"}) {
    EXPECT_FALSE(parse_offset_commit_response(
                     "\0\0\0\7"s + std::string(count, 4) + "\0\1a\0\0\0\0"s, request(2))
                     .ok());
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
