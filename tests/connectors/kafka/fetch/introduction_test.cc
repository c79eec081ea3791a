#include "connectors/kafka/fetch/introduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "connectors/kafka/fetch/epoch_api.h"
#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const SecretString kPassword("s3cret");

std::string answer(int32_t correlation, const std::string& body) {
  WireWriter text;
  text.number(correlation);
  text.bytes(body);
  return text.str();
}

using Versions = std::vector<std::tuple<int16_t, int16_t, int16_t>>;  // request, from, to
// Those of Azure Event Hubs that matter here.
const Versions kEventHubs = {{0, 3, 7}, {1, 4, 6}, {3, 0, 5}, {17, 0, 1}, {18, 0, 3}, {36, 0, 1}};

std::string versions(const Versions& known, int16_t error = 0) {
  WireWriter body;
  body.number(error);
  body.number(static_cast<int32_t>(known.size()));
  for (const auto& [request, from, to] : known) {
    for (const int16_t number : {request, from, to}) body.number(number);
  }
  return answer(1, body.str());
}

std::string handshake(int16_t error, const std::vector<std::string>& offered) {
  WireWriter body;
  body.number(error);
  body.number(static_cast<int32_t>(offered.size()));
  for (const std::string& mechanism : offered) body.text(mechanism);
  return answer(2, body.str());
}

std::string authenticated(int16_t error, const std::string& message, const std::string& said,
                          int64_t lifetime_ms, int32_t correlation = 3) {
  WireWriter body;
  body.number(error);
  body.text(message);
  body.number(static_cast<int32_t>(said.size()));
  body.bytes(said);
  body.number(lifetime_ms);
  return answer(correlation, body.str());
}

// What follows the header of a request, which must be of this kind.
std::string body_of(const std::string& request, int16_t api, int16_t version) {
  WireReader reader(request);
  EXPECT_EQ(reader.number<int32_t>(), static_cast<int32_t>(request.size() - 4));
  EXPECT_EQ(reader.number<int16_t>(), api);
  EXPECT_EQ(reader.number<int16_t>(), version);
  reader.number<int32_t>();
  EXPECT_EQ(reader.text(), "lakeward");
  return std::string(reader.bytes(reader.left()));
}

Introduction with_password() { return {"lakeward", make_plain("me", kPassword)}; }

TEST(KafkaIntroduction, OnlyAsksForVersionsIfNoLoginIsWanted) {
  Introduction introduction("lakeward", nullptr);
  EXPECT_EQ(body_of(introduction.first(), 18, 0), "");
  EXPECT_EQ(introduction.next(versions({{1, 0, 17}})).value(), std::nullopt);
}

TEST(KafkaIntroduction, FindsOutWhatTheBrokerHas) {
  for (const auto& [known, knows] :
       {std::pair(Versions{{1, 0, 17}, {23, 2, 4}}, true), std::pair(kEventHubs, false),
        std::pair(Versions{{1, 0, 17}, {23, 0, 1}}, false)}) {
    Introduction introduction("lakeward", nullptr);
    introduction.first();
    ASSERT_TRUE(introduction.next(versions(known)).ok());
    const auto epochs = introduction.versions().find(kEpochApi);
    EXPECT_EQ(epochs != introduction.versions().end() && epochs->second.has(kEpochVersion), knows);
    EXPECT_TRUE(introduction.versions().at(1).has(4));
  }
}

TEST(KafkaIntroduction, LogsIn) {
  Introduction introduction = with_password();
  introduction.first();
  EXPECT_EQ(body_of(introduction.next(versions(kEventHubs)).value().value(), 17, 1),
            std::string("\0\5PLAIN", 7));
  EXPECT_EQ(body_of(introduction.next(handshake(0, {"PLAIN"})).value().value(), 36, 1),
            std::string("\0\0\0\x0a\0me\0s3cret", 14));
  EXPECT_EQ(introduction.next(authenticated(0, "", "", 3'600'000)).value(), std::nullopt);
  EXPECT_EQ(introduction.session(), std::chrono::hours(1));
}

TEST(KafkaIntroduction, LogsInAtBrokersThatDoNotTellTheEndOfASession) {
  Introduction introduction = with_password();
  introduction.first();
  introduction.next(versions({{1, 0, 6}, {17, 0, 1}, {36, 0, 0}})).value();
  body_of(introduction.next(handshake(0, {"PLAIN"})).value().value(), 36, 0);
  const std::string with_lifetime = authenticated(0, "", "", 0);
  const std::string answer = with_lifetime.substr(0, with_lifetime.size() - sizeof(int64_t));
  EXPECT_EQ(introduction.next(answer).value(), std::nullopt);
  EXPECT_EQ(introduction.session(), std::nullopt);
}

TEST(KafkaIntroduction, TakesNoSessionForOneThatEndsWhichLastsForEver) {
  for (const int64_t lifetime_ms : {INT64_MAX, int64_t{0}, int64_t{-1}, INT64_MIN}) {
    Introduction introduction = with_password();
    introduction.first();
    introduction.next(versions(kEventHubs)).value();
    introduction.next(handshake(0, {"PLAIN"})).value();
    introduction.next(authenticated(0, "", "", lifetime_ms)).value();
    EXPECT_EQ(introduction.session(), std::nullopt);
  }
}

TEST(KafkaIntroduction, SaysWhichBrokersAreNotForTheFetcher) {
  for (const auto& [known, error] :
       {std::pair(Versions{{1, 5, 17}, {17, 0, 1}, {36, 0, 2}}, 0),
        std::pair(Versions{{1, 0, 3}, {17, 0, 1}, {36, 0, 2}}, 0), std::pair(Versions{}, 0),
        std::pair(Versions{}, 35), std::pair(Versions{{1, 4, 6}, {17, 0, 0}, {36, 0, 1}}, 0),
        std::pair(Versions{{1, 4, 6}, {17, 0, 1}}, 0),
        std::pair(Versions{{1, 4, 6}, {17, 0, 1}, {36, 2, 3}}, 0)}) {
    Introduction introduction = with_password();
    introduction.first();
    EXPECT_EQ(introduction.next(versions(known, static_cast<int16_t>(error))).status().code(),
              StatusCode::kUnsupported);
  }
}

struct Failure {
  std::string handshake;
  std::string authenticated;
  StatusCode code;
  std::string message;
};

TEST(KafkaIntroduction, TellsRefusalsFromWhatWaitingMends) {
  for (const Failure& failure :
       {Failure{handshake(33, {"SCRAM-SHA-256", "GSS\nAPI"}), "", StatusCode::kInvalidArgument,
                "does not offer the SASL mechanism PLAIN, but SCRAM-SHA-256, GSS API"},
        Failure{handshake(7, {}), "", StatusCode::kUnavailable, "SaslHandshake with error 7"},
        Failure{handshake(0, {}), authenticated(58, "Invalid password", "", 0),
                StatusCode::kInvalidArgument, "SASL PLAIN authentication failed: Invalid password"},
        Failure{handshake(0, {}), authenticated(34, "", "", 0), StatusCode::kInvalidArgument,
                "SASL PLAIN authentication failed"},
        Failure{handshake(0, {}), authenticated(58, "s3cret is wrong", "", 0),
                StatusCode::kInvalidArgument, "authentication failed: (hidden)"},
        Failure{handshake(0, {}), authenticated(14, "s3cret", "", 0), StatusCode::kUnavailable,
                "SaslAuthenticate with error 14"}}) {
    Introduction introduction = with_password();
    introduction.first();
    introduction.next(versions(kEventHubs)).value();
    Result<std::optional<std::string>> result = introduction.next(failure.handshake);
    if (result.ok()) result = introduction.next(failure.authenticated);
    EXPECT_EQ(result.status().code(), failure.code) << failure.message;
    EXPECT_THAT(result.status().message(), HasSubstr(failure.message));
    EXPECT_THAT(result.status().message(), Not(HasSubstr("s3cret")));
  }
}

const std::vector<std::string> kSound = {versions(kEventHubs), handshake(0, {"PLAIN", "GSSAPI"}),
                                         authenticated(0, "", "", 5)};

// An introduction that has come to the answer of this number.
std::unique_ptr<Introduction> advanced_to(size_t step) {
  auto introduction = std::make_unique<Introduction>("lakeward", make_plain("me", kPassword));
  introduction->first();
  for (size_t i = 0; i < step; ++i) introduction->next(kSound[i]).value();
  return introduction;
}

TEST(KafkaIntroduction, RefusesAnswersThatAreCutOffOrNotToItsQuestion) {
  for (size_t step = 0; step < kSound.size(); ++step) {
    for (size_t size = 0; size < kSound[step].size(); ++size) {
      const Status status = advanced_to(step)->next(kSound[step].substr(0, size)).status();
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << step << " " << size;
    }
    std::string other = kSound[step];
    other[0] = 1;
    EXPECT_EQ(advanced_to(step)->next(other).status().code(), StatusCode::kUnavailable);
  }
}

TEST(KafkaIntroduction, RefusesSizesBeyondTheAnswer) {
  for (const int32_t size : {INT32_MAX, 1 << 24, 100, INT32_MIN}) {
    WireWriter counts;
    counts.number(int16_t{0});
    counts.number(size);
    EXPECT_FALSE(advanced_to(0)->next(answer(1, counts.str())).ok());
    if (size > 0) {
      EXPECT_FALSE(advanced_to(1)->next(answer(2, counts.str())).ok());
    }
    WireWriter bytes;
    bytes.number(int16_t{0});
    bytes.number(int16_t{-1});
    bytes.number(size);
    bytes.number(int32_t{0});  // a lifetime that is too short
    EXPECT_FALSE(advanced_to(2)->next(answer(3, bytes.str())).ok());
  }
}

// With the address sanitizer, this would also see a byte that is read beyond the end.
TEST(KafkaIntroduction, SurvivesDamagedAnswers) {
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    const size_t step = random.below(kSound.size());
    std::string bytes = kSound[step];
    for (int flips = 0; flips < 3; ++flips) {
      bytes[4 + random.below(bytes.size() - 4)] = static_cast<char>(random.below(256));
    }
    const auto next = advanced_to(step)->next(bytes);
    if (next.ok() && *next) {
      EXPECT_LT((**next).size(), 200U);
    }
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
