#include "base/secret.h"

#include <gtest/gtest.h>

namespace lakeward {
namespace {

struct Masked {
  const char* text;
  const char* shown;
};

// A server that refuses a login often says what it got.
TEST(MaskSecrets, HidesASecretInTheFormsInWhichItTravels) {
  hide_secret("tokS3cret");
  const SecretString password("p@ss/w\"rd with + and /");
  const Masked cases[] = {
      {"", ""},
      {"nothing to hide", "nothing to hide"},
      {"answered 401: bad creds Bearer tokS3cret", "answered 401: bad creds Bearer ******"},
      {"tokS3cret tokS3cret", "****** ******"},
      {"xtokS3crety", "x******y"},
      // base64 of etl:tokS3cret, letl:tokS3cret and tokS3cret:x
      {"Basic ZXRsOnRva1MzY3JldA==, again", "Basic ******, again"},
      {"Basic bGV0bDp0b2tTM2NyZXQ=", "Basic ******"},
      {"(dG9rUzNjcmV0Ong=)", "(******)"},
      {R"({"message":"p@ss/w\"rd with + and /"})", R"({"message":"******"})"},
      {"secret=p%40ss%2Fw%22rd%20with%20%2B%20and%20%2F&x=1", "secret=******&x=1"},
      // base64 of user:p@ss/w"rd with + and /, and of its percent-encoded form
      {"Basic dXNlcjpwQHNzL3cicmQgd2l0aCArIGFuZCAv", "Basic ******"},
      {"Basic dXNlcjpwJTQwc3MlMkZ3JTIycmQlMjB3aXRoJTIwJTJCJTIwYW5kJTIwJTJG", "Basic ******"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(mask_secrets(text), shown) << text;
}

TEST(MaskSecrets, LeavesOutputReadableWhenSecretsAreShort) {
  hide_secret("");
  hide_secret("a");
  hide_secret("ka");
  hide_secret("end");
  hide_secret("pass");
  const Masked cases[] = {
      {"kafka: the end of a pass, password=pass", "kafka: the end of a ******, password=******"},
      {"user:pass@host", "user:******@host"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(mask_secrets(text), shown) << text;
}

// A connection string holds a key that is a secret of its own.
TEST(MaskSecrets, HidesTheLongestFirst) {
  hide_secret("Key=c2VjcmV0S2V5");
  hide_secret("c2VjcmV0S2V5");
  EXPECT_EQ(mask_secrets("<Key=c2VjcmV0S2V5>"), "<******>");
  EXPECT_EQ(mask_secrets("<c2VjcmV0S2V5>"), "<******>");
}

}  // namespace
}  // namespace lakeward
