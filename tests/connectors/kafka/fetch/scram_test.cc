#include "connectors/kafka/fetch/scram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kNonce = "rOprNGfwEbeRWgbNEkqO";
const std::string kBoth = kNonce + "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string kSalt = "W22ZaJ0SNY7soEsUEjb6gQ==";
const std::string kChallenge = "r=" + kBoth + ",s=" + kSalt + ",i=4096";

struct Exchange {
  ScramHash hash;
  std::string mechanism;
  std::string proof;
  std::string signature;
};

const Exchange kExchanges[] = {
    // RFC 7677, 3.
    {ScramHash::kSha256, "SCRAM-SHA-256", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    // The same words, computed with Python's hashlib and hmac; with SHA-1 and the words of RFC
    // 5802, 5
    // that gives what stands there.
    {ScramHash::kSha512, "SCRAM-SHA-512",
     "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
     "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="},
};

std::unique_ptr<SaslClient> client(ScramHash hash = ScramHash::kSha256) {
  return make_scram(hash, "user", SecretString("pencil"), kNonce);
}

TEST(KafkaScram, SaysWhatTheStandardsExamplesSay) {
  for (const Exchange& exchange : kExchanges) {
    const auto scram = client(exchange.hash);
    EXPECT_EQ(scram->mechanism(), exchange.mechanism);
    EXPECT_EQ(scram->first(), "n,,n=user,r=" + kNonce);
    EXPECT_EQ(scram->respond(kChallenge).value(), "c=biws,r=" + kBoth + ",p=" + exchange.proof);
    EXPECT_EQ(scram->respond("v=" + exchange.signature).value(), std::nullopt);
  }
}

TEST(KafkaScram, IgnoresExtensionsBehindWhatItKnows) {
  const auto scram = client();
  // Another challenge, so other signatures.
  EXPECT_THAT(scram->respond(kChallenge + ",x=1").value().value(), HasSubstr(",p="));
  const auto plain = client();
  plain->respond(kChallenge).value();
  EXPECT_TRUE(plain->respond("v=" + kExchanges[0].signature + ",x=1").ok());
}

TEST(KafkaScram, EscapesTheUsersName) {
  EXPECT_EQ(make_scram(ScramHash::kSha256, "a=b,c", SecretString("x"), "n")->first(),
            "n,,n=a=3Db=2Cc,r=n");
}

TEST(KafkaScram, RefusesChallengesThatAreNone) {
  const std::string s = ",s=" + kSalt;
  for (const std::string& challenge :
       {std::string(), std::string("r"), std::string("r="), "r=" + kBoth, "r=" + kBoth + s,
        "r=" + kBoth + s + ",i=",
        // Not for this login.
        "r=" + kNonce + s + ",i=4096", "r=x" + kBoth + s + ",i=4096",
        "r=" + kNonce.substr(1) + "x" + s + ",i=4096",
        // No salt.
        "r=" + kBoth + ",s=,i=4096", "r=" + kBoth + ",s=!!!=,i=4096",
        "r=" + kBoth + ",s=abc,i=4096",
        // Numbers that are too small, too large or none.
        "r=" + kBoth + s + ",i=4095", "r=" + kBoth + s + ",i=1", "r=" + kBoth + s + ",i=0",
        "r=" + kBoth + s + ",i=-4096", "r=" + kBoth + s + ",i=04096", "r=" + kBoth + s + ",i=+4096",
        "r=" + kBoth + s + ",i=4096x", "r=" + kBoth + s + ",i=1000001",
        "r=" + kBoth + s + ",i=99999999999999999999",
        // In another order, or with an extension that must be understood.
        "s=" + kSalt + ",r=" + kBoth + ",i=4096", "m=1," + kChallenge}) {
    const auto scram = client();
    const Status status = scram->respond(challenge).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << challenge;
    EXPECT_THAT(status.message(), HasSubstr("the broker"));
  }
}

TEST(KafkaScram, DoesNotBelieveABrokerThatCannotProveThatItKnowsThePassword) {
  std::string other = kExchanges[0].signature;
  other[0] = 'A';
  for (const std::string& answer :
       {std::string(), std::string("v="), std::string("v"), "v=" + other,
        "v=" + kExchanges[0].signature.substr(0, 40), "v=" + kExchanges[1].signature,
        "x=" + kExchanges[0].signature, std::string("v=====")}) {
    const auto scram = client();
    scram->respond(kChallenge).value();
    const Status status = scram->respond(answer).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << answer;
    EXPECT_THAT(status.message(), HasSubstr("could not prove that it knows the password"));
  }
}

TEST(KafkaScram, TellsWhatTheBrokerSaysOfARefusal) {
  const auto scram = client();
  scram->respond(kChallenge).value();
  const Status status = scram->respond("e=invalid-proof").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "the broker says: invalid-proof");
  const auto other = client();
  other->respond(kChallenge).value();
  EXPECT_THAT(other->respond("e=pencil?").status().message(), Not(HasSubstr("pencil")));
}

TEST(KafkaScram, UsesANonceOnce) {
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    const std::string nonce = make_nonce().value();
    EXPECT_EQ(nonce.size(), 32U);
    EXPECT_EQ(nonce.find(','), std::string::npos);
    nonces.insert(nonce);
  }
  EXPECT_EQ(nonces.size(), 100U);
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
