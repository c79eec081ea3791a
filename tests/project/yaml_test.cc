#include "project/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/sql_text.h"

namespace lakeward::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
  config::Value root;
  std::string text;
  std::vector<std::string> problems;
};

Parsed parse(const std::string& text, const FixedVariables& variables = FixedVariables()) {
  config::Problems problems;
  YamlDocument document = parse_yaml(text, "p.yaml", variables, problems);
  Parsed parsed{std::move(document.root), std::move(document.text), {}};
  for (const config::Problem& problem : problems) parsed.problems.push_back(problem.to_string());
  return parsed;
}

TEST(Yaml, KeepsThePlaceOfEveryKeyAndValue) {
  const Parsed parsed = parse("a: 1\nlist:\n  - x\n  - {deep: \"y\"}\n");
  EXPECT_THAT(parsed.problems, IsEmpty());
  const auto& map = parsed.root.map();
  ASSERT_EQ(map.size(), 2U);
  EXPECT_EQ(map[0].key_location.to_string(), "p.yaml:1:1");
  EXPECT_EQ(map[0].value.location().to_string(), "p.yaml:1:4");
  EXPECT_EQ(map[1].value.list()[0].location().to_string(), "p.yaml:3:5");
  const config::Value* deep = map[1].value.list()[1].find("deep");
  ASSERT_NE(deep, nullptr);
  EXPECT_EQ(deep->location().to_string(), "p.yaml:4:12");
  EXPECT_TRUE(deep->scalar().quoted);
  EXPECT_FALSE(map[0].value.scalar().quoted);
}

TEST(Yaml, KnowsNothingFromText) {
  const Parsed parsed = parse("a:\nb: ~\nc: null\nd: \"null\"\ne: ''\n");
  EXPECT_TRUE(parsed.root.find("a")->is_null());
  EXPECT_TRUE(parsed.root.find("b")->is_null());
  EXPECT_TRUE(parsed.root.find("c")->is_null());
  EXPECT_EQ(parsed.root.find("d")->text(), "null");
  EXPECT_EQ(parsed.root.find("e")->text(), "");
  EXPECT_TRUE(parse("").root.is_null());
  EXPECT_TRUE(parse("# nothing\n").root.is_null());
}

TEST(Yaml, ReportsASyntaxErrorWithItsPlace) {
  EXPECT_THAT(parse("a: [1, 2\nb: 3\n").problems, ElementsAre(HasSubstr("p.yaml:2:")));
  EXPECT_THAT(parse("a: 1\n\tb: 2\n").problems, ElementsAre(HasSubstr("p.yaml:2:")));
  EXPECT_THAT(parse("a: 'x\n").problems, ElementsAre(HasSubstr("not YAML")));
  EXPECT_THAT(parse("a: *nowhere\n").problems, ElementsAre(HasSubstr("not YAML")));
}

TEST(Yaml, RefusesAKeyThatIsThereTwice) {
  const Parsed parsed = parse("to: 1\nfrom: 2\nto: {x: 3, x: 4}\n");
  EXPECT_THAT(parsed.problems,
              ElementsAre("p.yaml:3:1: the key 'to' is here twice; first in line 1",
                          "p.yaml:3:12: the key 'x' is here twice; first in line 3"));
  EXPECT_EQ(parsed.root.find("to")->text(), "1");
}

TEST(Yaml, RefusesKeysThatAreNoText) {
  EXPECT_THAT(parse("? [a]\n: 1\n").problems,
              ElementsAre("p.yaml:1:3: a key must be a name, not a list"));
}

TEST(Yaml, RefusesSeveralDocuments) {
  EXPECT_THAT(parse("a: 1\n---\nb: 2\n").problems, ElementsAre(HasSubstr("one YAML document")));
}

TEST(Yaml, ResolvesAliasesAndMergeKeys) {
  const Parsed parsed = parse(
      "base: &base {a: 1, b: 2}\nsame: *base\nmore: {<<: *base, b: 3}\nmany:\n  <<: [*base, {c: "
      "4}]\n");
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.root.find("same")->find("a")->text(), "1");
  EXPECT_EQ(parsed.root.find("more")->find("a")->text(), "1");
  EXPECT_EQ(parsed.root.find("more")->find("b")->text(), "3");
  EXPECT_EQ(parsed.root.find("many")->find("c")->text(), "4");
}

TEST(Yaml, StopsAliasesThatGrowWithoutBound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(parse(text).problems, ElementsAre(HasSubstr("too large")));
}

TEST(Yaml, ReadsTheEnvironmentAndSecrets) {
  const FixedVariables variables({{"HOST", "db"},
                                  {"PORT", "5432"},
                                  {"EMPTY", ""},
                                  {"KEY", "k"},
                                  {"LAKEWARD_SECRETS_DIR", "/s"}},
                                 {{"/s/PASSWORD", "hunter2\n"}});
  const Parsed parsed = parse(
      "url: \"http://${env:HOST}:${env:PORT}/\"\nport: \"${env:PORT}\"\nfallback: "
      "${env:NOPE:-a:-b}\nempty: \"${env:EMPTY:-full}\"\nkey: ${secret:KEY}\npassword: "
      "\"${secret:PASSWORD}\"\nshell: \"${x} $y $${z\"\n",
      variables);
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.root.find("url")->text(), "http://db:5432/");
  EXPECT_TRUE(parsed.root.find("url")->scalar().quoted);
  EXPECT_EQ(parsed.root.find("port")->text(), "5432");
  EXPECT_FALSE(parsed.root.find("port")->scalar().quoted);
  EXPECT_EQ(parsed.root.find("fallback")->text(), "a:-b");
  EXPECT_EQ(parsed.root.find("empty")->text(), "full");
  EXPECT_EQ(parsed.root.find("key")->text(), "k");
  EXPECT_TRUE(parsed.root.find("key")->scalar().secret);
  EXPECT_EQ(parsed.root.find("password")->text(), "hunter2");
  EXPECT_TRUE(parsed.root.find("password")->scalar().secret);
  EXPECT_FALSE(parsed.root.find("url")->scalar().secret);
  EXPECT_EQ(parsed.root.find("shell")->text(), "${x} $y $${z");
}

TEST(Yaml, NamesWhatIsNotSet) {
  const Parsed parsed =
      parse("a: ${env:NOPE}\nb: ${secret:NOPE}\nc: ${secret:../etc}\nd: ${evn:X}\ne: ${env:X\n");
  ASSERT_EQ(parsed.problems.size(), 5U);
  EXPECT_THAT(parsed.problems[0], HasSubstr("p.yaml:1:4: the environment variable 'NOPE'"));
  EXPECT_THAT(parsed.problems[1], HasSubstr("the secret 'NOPE' is not set"));
  EXPECT_THAT(parsed.problems[2], HasSubstr("'../etc' is no name of a secret"));
  EXPECT_THAT(parsed.problems[3], HasSubstr("did you mean 'env'?"));
  EXPECT_THAT(parsed.problems[4], HasSubstr("no closing '}'"));
  EXPECT_TRUE(parsed.root.find("a")->is_unresolved());
}

// The place in the file of `word` in the value of the key `sql`.
std::string place_of(const std::string& yaml, const std::string& word,
                     const FixedVariables& variables = FixedVariables()) {
  const Parsed parsed = parse(yaml, variables);
  EXPECT_THAT(parsed.problems, IsEmpty());
  const SourceText source(*parsed.root.find("sql"), parsed.text);
  const size_t offset = source.text().find(word);
  EXPECT_NE(offset, std::string::npos) << source.text();
  int line = 1, column = 1;
  for (size_t i = 0; i < offset; ++i) {
    column = source.text()[i] == '\n' ? 1 : column + 1;
    if (source.text()[i] == '\n') ++line;
  }
  return source.locate(line, column).to_string();
}

TEST(SourceText, FindsTheWayBackToTheFile) {
  EXPECT_EQ(place_of("sql: SELECT a FROM b\n", "FROM"), "p.yaml:1:15");
  EXPECT_EQ(place_of("sql: \"SELECT a FROM b\"\n", "FROM"), "p.yaml:1:16");
  EXPECT_EQ(place_of("x: 1\nsql: |\n  SELECT a,\n    b\n  FROM c\n", "SELECT"), "p.yaml:3:3");
  EXPECT_EQ(place_of("x: 1\nsql: |\n  SELECT a,\n    b\n  FROM c\n", "b"), "p.yaml:4:5");
  EXPECT_EQ(place_of("x: 1\nsql: |\n  SELECT a,\n    b\n  FROM c\n", "FROM"), "p.yaml:5:3");
  EXPECT_EQ(place_of("sql: | # text\n\n\n  SELECT a\n\n  FROM c\n", "FROM"), "p.yaml:6:3");
  EXPECT_EQ(place_of("sql: >-\n  SELECT a\n  FROM c\n", "FROM"), "p.yaml:3:3");
  EXPECT_EQ(place_of("sql: SELECT a,\n  b\n  FROM c\n", "FROM"), "p.yaml:3:3");
  EXPECT_EQ(place_of("sql: |2\n    SELECT a\n  FROM c\n", "SELECT"), "p.yaml:2:5");
}

TEST(SourceText, CountsLinesOnBehindAReference) {
  const FixedVariables variables({{"A", "abc"}}, {});
  EXPECT_EQ(place_of("sql: |\n  SELECT ${env:A},\n    b\n  FROM c\n", "FROM", variables),
            "p.yaml:4");
}

TEST(SourceText, HasTheLinesOfAWholeFile) {
  const SourceText source("SELECT a\nFROM b\n", "x.sql");
  EXPECT_EQ(source.locate(2, 6).to_string(), "x.sql:2:6");
  EXPECT_EQ(source.locate(0, 0).to_string(), "x.sql:1:1");
}

}  // namespace
}  // namespace lakeward::project
