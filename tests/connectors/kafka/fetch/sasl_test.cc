#include "connectors/kafka/fetch/sasl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// RFC 4616, 4.
TEST(KafkaSasl, SaysUserAndPasswordWithPlain) {
  const auto plain = make_plain("tim", SecretString("tanstaaftanstaaf"));
  EXPECT_EQ(plain->mechanism(), "PLAIN");
  EXPECT_EQ(plain->first(), std::string("\0tim\0tanstaaftanstaaf", 21));
  EXPECT_EQ(plain->respond("").value(), std::nullopt);
}

// RFC 7628, 4.1; its example also names the host, which Kafka does not ask for.
TEST(KafkaSasl, SaysTokenAndExtensionsWithOauthbearer) {
  const SecretString token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
  EXPECT_EQ(make_oauthbearer(token, "")->first(), "n,,\1auth=Bearer " + token.expose() + "\1\1");
  const auto oauth = make_oauthbearer(token, "logicalCluster=lkc-1,poolId=a b");
  EXPECT_EQ(oauth->mechanism(), "OAUTHBEARER");
  EXPECT_EQ(oauth->first(),
            "n,,\1auth=Bearer " + token.expose() + "\1logicalCluster=lkc-1\1poolId=a b\1\1");
  EXPECT_EQ(oauth->respond("").value(), std::nullopt);
}

// RFC 7628, 3.2.3.
TEST(KafkaSasl, AcknowledgesTheRefusalOfATokenAndTellsIt) {
  const auto oauth = make_oauthbearer(SecretString("tok3n"), "");
  oauth->first();
  EXPECT_EQ(oauth->respond(R"({"status":"invalid_token"})").value(), "\1");
  for (const std::string& last : {std::string(), std::string("anything")}) {
    const Status status = oauth->respond(last).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(R"({"status":"invalid_token"})"));
  }
  const auto echoed = make_oauthbearer(SecretString("tok3n"), "");
  echoed->respond("not tok3n").value();
  EXPECT_THAT(echoed->respond("").status().message(), Not(HasSubstr("tok3n")));
}

TEST(KafkaSasl, ShowsWhatOthersSayOnOneLineWithoutSecrets) {
  const SecretString secret("s3cret");
  EXPECT_EQ(shown("a\r\nb\tc\x7f", secret), "a  b c ");
  EXPECT_EQ(shown(std::string(1'000, 'x'), secret).size(), 300U);
  EXPECT_EQ(shown("it is s3cret", secret), "(hidden)");
  // It would be cut in the middle.
  EXPECT_EQ(shown(std::string(297, 'x') + "s3cret", secret), "(hidden)");
  EXPECT_EQ(shown("anything", SecretString()), "anything");
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
