// The built program and a server that is frozen: its system takes connections, and it says nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "connectors/http/http_server.h"
#include "support/loopback.h"
#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSilent = "accepts connections, but the broker does not answer";

class FrozenBroker : public testing::Test {
 protected:
  FrozenBroker() {
    write_text(
        path() / "lakeward.yaml",
        "project: p\nlake: ./lake\nconnections:\n  c: {kafka: {brokers: \"" + address() + "\"}}\n");
    for (const char* name : {"a", "b"}) {
      write_text(path() / "pipelines" / (std::string(name) + ".yaml"),
                 "pipeline: " + std::string(name) +
                     "\nfrom: {kafka: {connection: c, topic: t}}\n"
                     "to: {kafka: {connection: c, topic: out-" +
                     name + "}}\n");
    }
  }
  ~FrozenBroker() override {
    for (const int connection : connections_) ::close(connection);
    ::close(listener_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::filesystem::path path() const { return folder_.path() / "project"; }
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {lakeward_binary(), "--project", path().string()});
    return arguments;
  }
  // Whether somebody has connected since it was asked before.
  bool is_asked() {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) == 0) return false;
    while (::poll(&waiting, 1, 0) == 1)
      connections_.push_back(::accept(listener_, nullptr, nullptr));
    return true;
  }

  // Makes the columns of both pipelines those of a registry's subjects.
  void declare_avro(const std::string& registry) const {
    for (const char* name : {"a", "b"}) {
      write_text(path() / "pipelines" / (std::string(name) + ".yaml"),
                 "pipeline: " + std::string(name) + "\nfrom: {kafka: {connection: c, topic: t-" +
                     name + "}}\ndecode: {avro: {registry: {url: \"" + registry +
                     "\", timeout: 5s}}}\nto: {delta: {table: bronze." + name + "}}\n");
    }
  }

 private:
  int port_ = 0;
  const int listener_ = listen_on_loopback(port_);
  std::vector<int> connections_;
  TempFolder folder_;
};

TEST_F(FrozenBroker, IsNamedByEachOfDoctorsChecks) {
  const ProcessResult doctor = run_process(command({"doctor"}));
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.err, HasSubstr("5 things are wrong"));
  for (const char* what :
       {"connection c", "source of a", "sink of a", "source of b", "sink of b"}) {
    const size_t line = doctor.out.find("wrong  " + std::string(what) + ": kafka: ");
    ASSERT_NE(line, std::string::npos) << doctor.out;
    EXPECT_THAT(doctor.out.substr(line, doctor.out.find('\n', line) - line),
                HasSubstr("no answer within 10 s: " + address() + " " + kSilent));
  }
}

TEST_F(FrozenBroker, DoesNotKeepDoctorFromEndingAtASignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    is_asked();  // by the one before
    Process doctor(command({"doctor"}));
    ASSERT_TRUE(eventually([&] { return is_asked(); }));
    doctor.send_signal(signal);
    const ProcessResult ended = doctor.wait();
    EXPECT_EQ(ended.exit_code, 130);
    EXPECT_THAT(ended.err, HasSubstr("interrupted"));
    EXPECT_THAT(ended.out, HasSubstr("ok     memory"));
    // It did not wait for answers.
    EXPECT_THAT(ended.out, Not(HasSubstr(kSilent)));
  }
}

TEST_F(FrozenBroker, IsWaitedForByWhoSimulates) {
  Process simulate({lakeward_binary(), "simulate", "sensors", "--count", "1", "--to", "kafka:t",
                    "--brokers", address()});
  ASSERT_TRUE(eventually([&] {
    return simulate.err().find("waiting for them") != std::string::npos;
  })) << simulate.err();
  EXPECT_THAT(simulate.err(), HasSubstr(kSilent));
  EXPECT_TRUE(simulate.running());
  simulate.send_signal(SIGINT);
  EXPECT_EQ(simulate.wait().exit_code, 130);
}

TEST_F(FrozenBroker, DoesNotKeepARunFromEndingAtASignal) {
  Process run(command({"run"}));
  ASSERT_TRUE(eventually([&] { return is_asked(); }));
  run.send_signal(SIGTERM);
  const ProcessResult ended = run.wait();
  EXPECT_EQ(ended.exit_code, 130) << ended.err;
  EXPECT_THAT(ended.err, Not(HasSubstr(kSilent)));
}

// The server is a schema registry, which two pipelines ask for their columns.
TEST_F(FrozenBroker, MayBeARegistryWhichARunNamesBeforeItIsGivenUp) {
  declare_avro("http://" + address());
  Process run(command({"run", "--once"}));
  const std::string said =
      "the schema registry http://" + address() + " has not answered for 3 s; waiting for it\n";
  ASSERT_TRUE(eventually([&] { return run.err().find("b: retrying") != std::string::npos; }))
      << run.err();
  const std::string told = run.err();
  EXPECT_LT(told.find(said), told.find("a: retrying: the subject 't-a-value'")) << told;
  EXPECT_EQ(told.find(said), told.rfind(said)) << told;
  // It was asked once for both.
  EXPECT_THAT(told, HasSubstr("(asked for the subject 't-a-value' a moment ago)"));
  run.send_signal(SIGINT);
  EXPECT_EQ(run.wait().exit_code, 130);
}

// A registry that answers is not called silent.
TEST_F(FrozenBroker, IsNotWhatARegistryIsCalledThatHasNoTime) {
  HttpServer server;
  server.answer([](const httplib::Request&, httplib::Response& response) {
    response.status = 429;
    response.set_content(R"({"error_code":42901,"message":"too many requests"})",
                         "application/json");
  });
  declare_avro(server.url(""));
  // Of both pipelines it is asked for the first one's subject only.
  const std::string said =
      ", whose schema is asked for before the first run: the schema registry " + server.url("") +
      " answered 429: too many requests";
  EXPECT_THAT(run_process(command({"peek", "a"})).err, HasSubstr("'t-a-value'" + said + "\n"));
  EXPECT_THAT(
      run_process(command({"peek", "b"})).err,
      HasSubstr("'t-b-value'" + said + " (asked for the subject 't-a-value' a moment ago)\n"));
}

}  // namespace
}  // namespace lakeward::test
