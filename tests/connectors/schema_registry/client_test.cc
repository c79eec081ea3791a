#include "connectors/schema_registry/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/http/http_server.h"
#include "connectors/source_driver.h"

namespace lakeward::connectors::schema_registry {
namespace {

using test::HttpServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RegistryClient : public ::testing::Test {
 protected:
  RegistryOptions options(const std::string& path = "/apis/ccompat/v7/") {
    RegistryOptions options;
    options.url = server.url(path);
    return options;
  }
  HttpServer server;
};

struct WrongOptions {
  test::OptionList more;
  std::string complaint;  // "": there is none
};

TEST(RegistryOptions, AreChecked) {
  const WrongOptions cases[] = {
      {{}, ""},
      {{{"user", test::scalar("u")}, {"password", test::scalar("p")}}, ""},
      {{{"user", test::scalar("u")}}, "'password' is missing"},
      {{{"password", test::scalar("p")}}, "'user' is missing"},
      {{{"timeout", test::scalar("0s")}}, "'timeout' must be more than 0s"},
  };
  for (const WrongOptions& wrong : cases) {
    test::OptionList given = wrong.more;
    given.emplace_back("url", test::scalar("http://localhost:8081"));
    const config::Value value = test::options(given);
    config::Problems problems;
    check_registry_options(registry_options().parse(value, problems), value, problems);
    ASSERT_EQ(problems.size(), wrong.complaint.empty() ? 0u : 1u) << wrong.complaint;
    if (problems.empty()) continue;
    EXPECT_THAT(problems[0].message, HasSubstr(wrong.complaint));
  }
}

TEST_F(RegistryClient, AsksForASchemaBelowThePathOfItsUrl) {
  server.answer(R"({"schema":"\"int\"","schemaType":"AVRO","references":[]})");
  Client client(options());
  const auto schema = client.schema(7);
  ASSERT_TRUE(schema.ok()) << schema.status().message();
  EXPECT_EQ(schema->type, "AVRO");
  EXPECT_EQ(schema->text, "\"int\"");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].path, "/apis/ccompat/v7/schemas/ids/7");
  EXPECT_FALSE(server.requests()[0].has_header("Authorization"));
  EXPECT_EQ(client.name(), "the schema registry " + server.url("/apis/ccompat/v7"));
}

TEST_F(RegistryClient, TakesASchemaWithoutATypeForAvro) {
  server.answer(R"({"schema":"\"int\""})");
  EXPECT_EQ(Client(options()).schema(1)->type, "AVRO");
}

TEST_F(RegistryClient, SaysWhoItIs) {
  server.answer(R"({"schema":"\"int\""})");
  RegistryOptions basic = options();
  basic.user = "etl";
  basic.password = SecretString("pass:word");
  ASSERT_TRUE(Client(basic).schema(1).ok());
  RegistryOptions bearer = options();
  bearer.token = SecretString("secret-token");
  ASSERT_TRUE(Client(bearer).schema(1).ok());
  EXPECT_EQ(server.requests()[0].get_header_value("Authorization"), "Basic ZXRsOnBhc3M6d29yZA==");
  EXPECT_EQ(server.requests()[1].get_header_value("Authorization"), "Bearer secret-token");
}

struct Answer {
  int status;
  const char* body;
  StatusCode code;
  const char* message;
};

TEST_F(RegistryClient, TellsWhatIsNotThereFromWhatIsWrongOrPasses) {
  const Answer answers[] = {
      {404, R"({"error_code":40403,"message":"No artifact with ID 9"})", StatusCode::kNotFound,
       "answered 404: No artifact with ID 9"},
      // A path that no registry has: the records are not to blame.
      {404, "<html>not found</html>", StatusCode::kInvalidArgument,
       "is 'url' that of a schema registry"},
      {404, R"({"error_code":404,"message":"HTTP 404 Not Found"})", StatusCode::kInvalidArgument,
       "is 'url' that of a schema registry"},
      {401, "", StatusCode::kInvalidArgument, "correct 'user' and 'password', or 'token'"},
      {403, "", StatusCode::kInvalidArgument, "correct 'user' and 'password', or 'token'"},
      {429, "", StatusCode::kUnavailable, "answered 429"},
      {500, R"({"error_code":50001,"message":"Error in the backend"})", StatusCode::kUnavailable,
       "Error in the backend"},
      {503, "", StatusCode::kUnavailable, "answered 503"},
      {200, "{}", StatusCode::kInvalidArgument, "did not answer with a schema"},
      {200, "<html>", StatusCode::kInvalidArgument, "did not answer with a schema"},
  };
  Client client(options());
  for (const Answer& answer : answers) {
    server.answer([&](const httplib::Request&, httplib::Response& response) {
      response.status = answer.status;
      response.set_content(answer.body, "application/json");
    });
    const Status status = client.schema(9).status();
    EXPECT_EQ(status.code(), answer.code) << answer.status << " " << status.message();
    EXPECT_THAT(status.message(), HasSubstr(answer.message));
  }
}

TEST_F(RegistryClient, IsUnavailableIfNobodyAnswers) {
  RegistryOptions nobody;
  nobody.url = "http://127.0.0.1:1/registry?key=secret";
  const Status status = Client(nobody).schema(1).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("the schema registry http://127.0.0.1:1/registry: "));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("secret")));
}

TEST_F(RegistryClient, FollowsReferencesDepthFirstAndOnce) {
  server.answer([](const httplib::Request& request, httplib::Response& response) {
    const auto reference = [](const char* subject) {
      return nlohmann::json{{"name", "n"}, {"subject", subject}, {"version", 1}};
    };
    nlohmann::json body{{"id", 1}, {"version", 1}};
    if (request.path.ends_with("/schemas/ids/5")) {
      body["schema"] = "top";
      body["references"] = {reference("a/b"), reference("deep")};
    } else if (request.path.ends_with("/subjects/a/b/versions/1")) {
      body["schema"] = "middle";
      body["references"] = {reference("deep")};
    } else {
      body["schema"] = "deep";
    }
    response.set_content(body.dump(), "application/json");
  });
  const auto schema = Client(options()).schema(5);
  ASSERT_TRUE(schema.ok()) << schema.status().message();
  EXPECT_THAT(schema->references, ElementsAre("deep", "middle"));
  EXPECT_THAT(server.requests()[1].target, HasSubstr("/subjects/a%2Fb/versions/1"));
}

TEST_F(RegistryClient, DoesNotFollowReferencesForEver) {
  server.answer(
      R"({"id":1,"version":1,"schema":"x","references":[{"name":"x","subject":"x","version":1}]})");
  const Status status = Client(options()).schema(5).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("references that cannot be followed"));
}

TEST_F(RegistryClient, RegistersASchemaOrLooksItUp) {
  server.answer(R"({"id":70000})");
  Client client(options());
  const format::RegisteredSchema avro{.type = "AVRO", .text = "\"int\""};
  EXPECT_EQ(client.schema_id("orders-value", avro, true).value(), 70'000u);
  EXPECT_EQ(client.schema_id("orders-value", avro, false).value(), 70'000u);
  EXPECT_EQ(client.schema_id("orders-value", {.type = "JSON", .text = "{}"}, true).value(),
            70'000u);
  EXPECT_EQ(server.requests()[0].path, "/apis/ccompat/v7/subjects/orders-value/versions");
  EXPECT_EQ(server.requests()[1].path, "/apis/ccompat/v7/subjects/orders-value");
  EXPECT_EQ(server.requests()[0].body, R"({"schema":"\"int\""})");
  EXPECT_EQ(server.requests()[2].body, R"({"schema":"{}","schemaType":"JSON"})");
  server.answer([&](const httplib::Request&, httplib::Response& response) {
    response.status = 409;
    response.set_content(R"({"error_code":409,"message":"Incompatible schema"})",
                         "application/json");
  });
  const Status refused = client.schema_id("orders-value", avro, true).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("Incompatible schema; the schema does not fit the "
                                           "versions before it: keep their columns and types"));
}

TEST_F(RegistryClient, ReadsAVersionOfASubject) {
  server.answer(R"({"subject":"s","version":3,"id":12,"schema":"\"int\""})");
  const auto version = Client(options()).version("a b", "latest");
  ASSERT_TRUE(version.ok()) << version.status().message();
  EXPECT_EQ(version->id, 12u);
  EXPECT_EQ(version->version, 3);
  EXPECT_THAT(server.requests()[0].target, HasSubstr("/subjects/a%20b/versions/latest"));
}

}  // namespace
}  // namespace lakeward::connectors::schema_registry
