#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/http/http_server.h"
#include "connectors/source_driver.h"
#include "io/http_client.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Epochs = std::vector<std::vector<std::string>>;

class HttpSource : public ::testing::Test {
 protected:
  SourceRun start(OptionList more = {}) {
    more.emplace_back("url", scalar(server.url("/data?key=hidden")));
    SourceRun run(world, "http", options(more), nullptr, "json");
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }
  HttpServer server;
  World world;
};

struct Body {
  std::string name;
  std::string pointer;
  std::string body;
  std::vector<std::string> records;
  std::string type = "application/json";
};

class HttpBodies : public HttpSource, public ::testing::WithParamInterface<Body> {};

TEST_P(HttpBodies, AreCutIntoRecords) {
  server.answer(GetParam().body, GetParam().type);
  OptionList more;
  if (!GetParam().pointer.empty()) more.emplace_back("records", scalar(GetParam().pointer));
  const Epochs expected = GetParam().records.empty() ? Epochs{} : Epochs{GetParam().records};
  EXPECT_EQ(start(more).drain(), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, HttpBodies,
    ::testing::Values(
        Body{"Object", "", " {\"a\":\n1}\n", {"{\"a\":\n1}"}},
        Body{"Array", "", "[{\"a\":1}, {\"a\":[2]},3]", {"{\"a\":1}", "{\"a\":[2]}", "3"}},
        Body{"EmptyArray", "", "[]", {}}, Body{"Nothing", "", "", {}},
        Body{"Pointer",
             "/data/items",
             R"({"n":1,"data":{"items":[{"a":1},{"a":2}]}})",
             {"{\"a\":1}", "{\"a\":2}"}},
        Body{"PointerToObject", "/0/x", R"([{"x":{"a":"}"}}])", {"{\"a\":\"}\"}"}},
        Body{"EscapedPointer", "/a~1b", R"({"a/b":[1]})", {"1"}},
        Body{"JsonLines",
             "",
             "{\"a\":1}\n{\"a\":2}\n",
             {"{\"a\":1}", "{\"a\":2}"},
             "application/x-ndjson"},
        Body{"NotJson", "", "<html>\n", {"<html>"}},
        Body{"ArrayThatDoesNotEnd", "", "[1,2", {"[1,2"}}),
    [](const auto& info) { return info.param.name; });

TEST_F(HttpSource, AsksAtIntervals) {
  server.answer("[1]");
  SourceRun run = start({{"every", scalar("2s")}});
  const auto first = run.plan(std::nullopt).value();
  EXPECT_EQ(first, "{\"poll\":0}");
  EXPECT_FALSE(run.plan(first).value());
  world.clock.advance(Duration{1'999'000});
  EXPECT_FALSE(run.plan(first).value());
  world.clock.advance(Duration{1'000});
  EXPECT_EQ(run.plan(first).value(), "{\"poll\":1}");
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(HttpSource, ReadsTheSameAnswerAgainWithoutAskingAgain) {
  server.answer("[1,2]");
  stream::Offset to;
  std::vector<ReadRecord> before;
  {
    SourceRun run = start();
    to = *run.plan(std::nullopt).value();
    before = run.read({std::nullopt, to}).value();
  }
  server.answer("[3]");
  SourceRun run = start();
  EXPECT_EQ(run.read({std::nullopt, to}).value(), before);
  EXPECT_EQ(run.read({std::nullopt, to}, {before[1].position}).value(),
            std::vector<ReadRecord>{before[1]});
  EXPECT_EQ(before[0].file, server.url("/data"));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpSource, DoesNotLoseAnAnswerThatNoEpochClaimed) {
  server.answer("[1]");
  ASSERT_TRUE(start().plan(std::nullopt).value());
  server.answer("[2]");
  EXPECT_EQ(start().drain(), (Epochs{{"1"}, {"2"}}));
}

TEST_F(HttpSource, PassesOverAnAnswerThatIsNotNew) {
  server.answer([](const httplib::Request& request, httplib::Response& response) {
    response.set_header("ETag", "\"v1\"");
    response.set_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT");
    response.status = request.has_header("If-None-Match") ? 304 : 200;
    if (response.status == 200) response.set_content("[1]", "application/json");
  });
  std::optional<stream::Offset> first;
  {
    SourceRun run = start();
    first = run.plan(std::nullopt).value();
    world.clock.advance(std::chrono::seconds(10));
    EXPECT_FALSE(run.plan(first).value());
  }
  // The next process knows, too.
  EXPECT_FALSE(start().plan(first).value());
  const httplib::Request last = server.requests().back();
  EXPECT_EQ(last.get_header_value("If-None-Match"), "\"v1\"");
  EXPECT_EQ(last.get_header_value("If-Modified-Since"), "Wed, 21 Oct 2015 07:28:00 GMT");
}

TEST_F(HttpSource, SendsWhatItIsTold) {
  server.answer("[1]");
  const config::Value headers = options({{"X-Key", scalar("k")}});
  const config::Value auth = options({{"user", scalar("me")}, {"password", scalar("pass")}});
  start({{"method", scalar("POST")},
         {"body", scalar("{\"q\":1}")},
         {"headers", headers},
         {"auth", auth}})
      .drain();
  const httplib::Request request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, "{\"q\":1}");
  EXPECT_EQ(request.get_header_value("X-Key"), "k");
  EXPECT_EQ(request.get_header_value("Authorization"), "Basic bWU6cGFzcw==");
}

TEST_F(HttpSource, SendsAToken) {
  server.answer("[1]");
  start({{"auth", options({{"token", scalar("t0ken")}})}}).drain();
  EXPECT_EQ(server.requests().at(0).get_header_value("Authorization"), "Bearer t0ken");
}

TEST_F(HttpSource, StopsAtAnErrorThatARetryCannotMend) {
  server.answer([](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_content("no such thing", "text/plain");
  });
  const Status status = start().plan(std::nullopt).status();
  EXPECT_FALSE(status.retriable());
  EXPECT_THAT(status.message(), HasSubstr(server.url("/data") + ": the server answered 404"));
  EXPECT_THAT(status.message(), Not(HasSubstr("hidden")));
}

TEST_F(HttpSource, AsksAgainAfterAPassingErrorWhenTheServerAllowsIt) {
  server.answer([](const httplib::Request&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "30");
  });
  SourceRun run = start();
  const Status status = run.plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("429"));
  server.answer("[1]");
  // The server is away until then: this is not the silence of a source without news.
  EXPECT_EQ(run.plan(std::nullopt).status().message(), status.message());
  EXPECT_EQ(server.requests().size(), 1u);
  world.clock.advance(std::chrono::seconds(30));
  EXPECT_TRUE(run.plan(std::nullopt).value());
}

TEST_F(HttpSource, TakesARetryAfterThatIsNoneForNone) {
  SourceRun run = start();
  for (const char* after : {"-1", "soon", "", "1.5"}) {
    server.answer([=](const httplib::Request&, httplib::Response& response) {
      response.status = 503;
      response.set_header("Retry-After", after);
    });
    EXPECT_THAT(run.plan(std::nullopt).status().message(), Not(HasSubstr("again in"))) << after;
  }
  server.answer("[1]");
  EXPECT_TRUE(run.plan(std::nullopt).value());
}

TEST_F(HttpSource, AsksAgainAtOnceWhenNobodyAnswered) {
  server.answer(
      [](const httplib::Request&, httplib::Response& response) { response.status = 503; });
  SourceRun run = start({{"every", scalar("1h")}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run.plan(std::nullopt).status().code(), StatusCode::kUnavailable);
  }
  server.answer("[1]");
  const auto first = run.plan(std::nullopt).value();
  ASSERT_TRUE(first);
  EXPECT_FALSE(run.plan(first).value());
}

TEST_F(HttpSource, SaysWhatIsMissingAtThePointer) {
  server.answer("{\"error\":\"busy\"}");
  const Status status = start({{"records", scalar("/results")}}).plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("'/results'"));
  EXPECT_THAT(status.message(), HasSubstr("busy"));
}

TEST_F(HttpSource, RefusesAnAnswerThatIsTooLarge) {
  server.answer("[" + std::string(5000, ' ') + "1]");
  const Status status = start({{"max_body", scalar("1KiB")}}).plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("larger than"));
}

TEST_F(HttpSource, CannotBeReachedWhereNobodyListens) {
  SourceRun run(world, "http", options({{"url", scalar("http://user:pw@127.0.0.1:1/x?key=k")}}));
  ASSERT_TRUE(run.attach().ok());
  const Status status = run.plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("http://127.0.0.1:1/x"));
}

TEST_F(HttpSource, KeepsOnlyTheLastAnswers) {
  server.answer("[1]");
  SourceRun run = start();
  std::optional<stream::Offset> at;
  for (int i = 0; i < 5; ++i) {
    at = run.plan(at).value();
    ASSERT_TRUE(run.source().acknowledge(*at).ok());
    world.clock.advance(std::chrono::seconds(10));
  }
  EXPECT_FALSE(run.log().read_file("poll-2").ok());
  EXPECT_TRUE(run.log().read_file("poll-3").ok());
  EXPECT_TRUE(run.log().read_file("poll-4").ok());
}

TEST(HttpOptions, AreCheckedByName) {
  World world;
  config::Problems problems;
  world.registry.source("http")->check(options({{"url", scalar("ftp://x")},
                                                {"records", scalar("results")},
                                                {"auth", options({{"usr", scalar("x")}})}}),
                                       problems);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_THAT(problems[0].message, HasSubstr("http://"));
  EXPECT_THAT(problems[1].message, HasSubstr("JSON pointer"));
  EXPECT_THAT(problems[2].message, HasSubstr("'usr'"));
}

TEST(HttpUrl, IsShownWithoutSecrets) {
  EXPECT_EQ(io::without_secrets("https://me:pw@host:8/a@b?token=x#y"), "https://host:8/a@b");
  EXPECT_EQ(io::without_secrets("http://host"), "http://host");
}

}  // namespace
}  // namespace lakeward::test
