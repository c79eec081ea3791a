#include "config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::config {
namespace {

enum class Start { kEarliest, kLatest };
std::vector<std::pair<std::string, Start>> option_choices(Start) {
  return {{"earliest", Start::kEarliest}, {"latest", Start::kLatest}};
}

struct Options {
  std::string path;
  Start start{};
  Duration settle{};
  Bytes bytes;
  int64_t count = 0;
  uint64_t size = 0;
  double rate = 0;
  bool header = false;
  SecretString password;
  std::vector<std::string> columns;
  StringMap headers;
  Value rest;
  std::optional<uint64_t> seed;
};

const OptionSet<Options>& options() {
  static const OptionSet<Options> set = {
      {"path", &Options::path, required(), "Which files to read."},
      {"start", &Options::start, default_to(Start::kLatest), "Where to begin."},
      {"settle", &Options::settle, default_to(Duration{1'000'000}), "How long to wait."},
      {"bytes", &Options::bytes, default_to(Bytes{1 << 20}), "How much."},
      {"count", &Options::count, default_to(7), "How many."},
      {"size", &Options::size, optional(), "How large."},
      {"rate", &Options::rate, default_to(0.5), "How fast."},
      {"header", &Options::header, default_to(true), "Whether there is one."},
      {"password", &Options::password, optional(), "The password."},
      {"columns", &Options::columns, default_to(std::vector<std::string>{"a"}), "Which columns."},
      {"headers", &Options::headers, optional(), "Which headers."},
      {"rest", &Options::rest, optional(), "Anything."},
      {"seed", &Options::seed, optional(), "The seed."},
  };
  return set;
}

Location at(int line) { return {"p.yaml", line, 3}; }
Value plain(std::string text, int line = 1) {
  return Value(Value::Scalar{.text = std::move(text)}, at(line));
}
Value quoted(std::string text) {
  return Value(Value::Scalar{.text = std::move(text), .quoted = true}, at(1));
}
Value secret(std::string text) {
  return Value(Value::Scalar{.text = std::move(text), .secret = true}, at(1));
}
Value list(std::vector<Value> items) { return Value(std::move(items), at(1)); }
Value map(std::vector<std::pair<std::string, Value>> entries) {
  Value::Map result;
  for (auto& [key, value] : entries) result.push_back({key, value.location(), value});
  return Value(std::move(result), at(1));
}

// The problems of a block that has a path and `name: value`.
std::vector<std::string> problems_of(const std::string& name, const Value& value) {
  Problems problems;
  std::vector<std::pair<std::string, Value>> entries = {{name, value}};
  if (name != "path") entries.emplace_back("path", plain("x"));
  options().parse(map(std::move(entries)), problems);
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(problem.to_string());
  return texts;
}

TEST(OptionSet, FillsInWhatIsDeclared) {
  Problems problems;
  const Options parsed = options().parse(map({{"path", plain("in/*.jsonl")},
                                              {"start", plain("earliest")},
                                              {"settle", plain("2 minutes")},
                                              {"bytes", plain("2MiB")},
                                              {"count", plain("-12")},
                                              {"size", plain("18446744073709551615")},
                                              {"rate", plain("1e3")},
                                              {"header", plain("no")},
                                              {"password", secret("hunter2")},
                                              {"columns", list({plain("b"), quoted("c")})},
                                              {"headers", map({{"Accept", plain("*/*")}})},
                                              {"rest", list({})},
                                              {"seed", plain("7")}}),
                                         problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(parsed.path, "in/*.jsonl");
  EXPECT_EQ(parsed.start, Start::kEarliest);
  EXPECT_EQ(parsed.settle, std::chrono::minutes(2));
  EXPECT_EQ(parsed.bytes.count, 2U << 20);
  EXPECT_EQ(parsed.count, -12);
  EXPECT_EQ(parsed.size, 18446744073709551615U);
  EXPECT_EQ(parsed.rate, 1000);
  EXPECT_FALSE(parsed.header);
  EXPECT_EQ(parsed.password.expose(), "hunter2");
  EXPECT_THAT(parsed.columns, testing::ElementsAre("b", "c"));
  EXPECT_THAT(parsed.headers, testing::ElementsAre(testing::Pair("Accept", "*/*")));
  EXPECT_TRUE(parsed.rest.is_list());
  EXPECT_EQ(parsed.seed, 7U);
}

TEST(OptionSet, UsesDefaultsForWhatIsLeftOut) {
  Problems problems;
  const Options parsed = options().parse(map({{"path", plain("x")}}), problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(parsed.start, Start::kLatest);
  EXPECT_EQ(parsed.settle, std::chrono::seconds(1));
  EXPECT_EQ(parsed.count, 7);
  EXPECT_TRUE(parsed.header);
  EXPECT_THAT(parsed.columns, testing::ElementsAre("a"));
  EXPECT_EQ(parsed.seed, std::nullopt);
}

TEST(OptionSet, TakesANumberForTextButNoQuotedTextForANumber) {
  Problems problems;
  EXPECT_EQ(options().parse(map({{"path", plain("5")}}), problems).path, "5");
  EXPECT_TRUE(problems.empty());
  EXPECT_THAT(problems_of("count", quoted("5")),
              testing::ElementsAre("p.yaml:1:3: 'count' must be a whole number, not the text '5'"));
}

TEST(OptionSet, TakesOneTextForAList) {
  Problems problems;
  EXPECT_THAT(
      options().parse(map({{"path", plain("x")}, {"columns", plain("b")}}), problems).columns,
      testing::ElementsAre("b"));
  EXPECT_TRUE(problems.empty());
}

TEST(OptionSet, SaysWhatWasExpectedAndWhatWasFound) {
  const std::tuple<const char*, Value, const char*> cases[] = {
      {"path", list({}), "'path' must be text, not a list"},
      {"start", plain("earlyest"),
       "'start' must be one of earliest, latest, not 'earlyest'; did you mean 'earliest'?"},
      {"start", plain("never"), "'start' must be one of earliest, latest, not 'never'"},
      {"settle", plain("soon"),
       "'settle' must be a duration such as 500ms, 2s, 10 minutes or 1h30m, not 'soon'"},
      {"bytes", plain("much"), "'bytes' must be a size such as 512MiB, 2GiB or 100MB, not 'much'"},
      {"count", plain("1.5"), "'count' must be a whole number, not '1.5'"},
      {"count", plain("99999999999999999999"),
       "'count' must be a whole number, not '99999999999999999999'"},
      {"size", plain("-1"), "'size' must be a whole number, 0 or more, not '-1'"},
      {"rate", plain("nan"), "'rate' must be a number, not 'nan'"},
      {"header", quoted("true"), "'header' must be true or false, not the text 'true'"},
      {"header", plain("1"), "'header' must be true or false, not '1'"},
      {"columns", list({list({})}),
       "'columns' must be text or a list of texts; one of the list is a list"},
      {"headers", plain("x"), "'headers' must be a map of names to texts, not 'x'"},
      {"headers", map({{"a", list({})}}),
       "'headers' must be a map of names to texts; 'a' is a list"},
      {"seed", Value::null_at(at(1)), "'seed' must be a whole number, 0 or more, not nothing"},
  };
  for (const auto& [name, value, problem] : cases) {
    const auto problems = problems_of(name, value);
    ASSERT_EQ(problems.size(), 1U) << name;
    EXPECT_EQ(problems[0], std::string("p.yaml:1:3: ") + problem);
  }
}

TEST(OptionSet, NeverShowsASecret) {
  for (const char* name :
       {"count", "size", "rate", "settle", "bytes", "header", "start", "headers"}) {
    for (const std::string& problem : problems_of(name, secret("hunter2"))) {
      EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
    }
    EXPECT_EQ(problems_of(name, secret("hunter2")).size(), 1U) << name;
  }
  EXPECT_THAT(problems_of("password", list({plain("hunter2")})),
              testing::ElementsAre("p.yaml:1:3: 'password' must be text, not a list"));
}

TEST(OptionSet, ReportsAllProblemsEachAtItsPlace) {
  Problems problems;
  options().parse(
      map({{"pth", plain("x", 4)}, {"count", plain("y", 5)}, {"colums", plain("z", 6)}}), problems);
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(problem.to_string());
  EXPECT_THAT(texts, testing::UnorderedElementsAre(
                         "p.yaml:1:3: 'path' is missing: Which files to read.",
                         "p.yaml:4:3: unknown key 'pth'; did you mean 'path'?",
                         "p.yaml:5:3: 'count' must be a whole number, not 'y'",
                         "p.yaml:6:3: unknown key 'colums'; did you mean 'columns'?"));
}

TEST(OptionSet, TakesNothingForAnEmptyMapButNotAValue) {
  Problems problems;
  options().parse(Value::null_at(at(9)), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].to_string(), "p.yaml:9:3: 'path' is missing: Which files to read.");
  problems.clear();
  options().parse(plain("x"), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].to_string(), "p.yaml:1:3: expected a map of options, found a value");
}

TEST(OptionSet, TellsItsDocumentation) {
  const auto& infos = options().infos();
  ASSERT_EQ(infos.size(), 13U);
  EXPECT_EQ(infos[0].name, "path");
  EXPECT_TRUE(infos[0].required);
  EXPECT_EQ(infos[0].type, "text");
  EXPECT_EQ(infos[1].type, "one of");
  EXPECT_EQ(infos[1].default_text, "latest");
  EXPECT_THAT(infos[1].choices, testing::ElementsAre("earliest", "latest"));
  EXPECT_EQ(infos[2].default_text, "1 s");
  EXPECT_EQ(infos[3].default_text, "1 MiB");
  EXPECT_EQ(infos[4].default_text, "7");
  EXPECT_EQ(infos[5].default_text, "");
  EXPECT_EQ(infos[6].default_text, "0.5");
  EXPECT_EQ(infos[7].default_text, "true");
  EXPECT_TRUE(infos[8].secret);
  EXPECT_EQ(infos[9].default_text, "[a]");
}

TEST(Location, IsShownAsFarAsItIsKnown) {
  EXPECT_EQ((Location{"a.yaml", 3, 4}).to_string(), "a.yaml:3:4");
  EXPECT_EQ((Location{"a.yaml", 3, 0}).to_string(), "a.yaml:3");
  EXPECT_EQ((Location{"a.yaml", 0, 0}).to_string(), "a.yaml");
  EXPECT_EQ((Problem{Location(), "trouble"}).to_string(), "trouble");
}

}  // namespace
}  // namespace lakeward::config
