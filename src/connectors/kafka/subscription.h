// Which topics are read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace lakeward::connectors::kafka {

// Topics by name, or all whose whole name matches a pattern, those that are made later among them.
// The brokers' own topics, which begin with "__", match only a pattern that begins so, too.
class Subscription {
 public:
  static Subscription of_topics(std::vector<std::string> topics);
  // A regular expression (ECMAScript's). Errors: InvalidArgument.
  static Result<Subscription> of_pattern(const std::string& pattern);

  bool is_pattern() const { return regex_ != nullptr; }
  const std::vector<std::string>& topics() const { return topics_; }  // none of a pattern
  const std::string& pattern() const { return pattern_; }
  bool covers(const std::string& topic) const;
  std::string to_string() const;  // for people

 private:
  struct Regex;
  std::vector<std::string> topics_;
  std::string pattern_;
  std::shared_ptr<const Regex> regex_;
};

}  // namespace lakeward::connectors::kafka
