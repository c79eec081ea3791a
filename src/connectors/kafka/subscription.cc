// The only file here that uses <regex>, whose exceptions stop in it.
#include "connectors/kafka/subscription.h"

#include <algorithm>
#include <regex>
#include <utility>

namespace lakeward::connectors::kafka {

struct Subscription::Regex {
  std::regex regex;
};

Subscription Subscription::of_topics(std::vector<std::string> topics) {
  Subscription subscription;
  subscription.topics_ = std::move(topics);
  return subscription;
}

Result<Subscription> Subscription::of_pattern(const std::string& pattern) {
  Subscription subscription;
  subscription.pattern_ = pattern;
  try {
    subscription.regex_ = std::make_shared<const Regex>(
        Regex{std::regex(pattern, std::regex::ECMAScript | std::regex::optimize)});
  } catch (const std::regex_error& error) {
    return invalid_argument("'" + pattern + "' is not a regular expression: " + error.what());
  }
  return subscription;
}

std::string Subscription::to_string() const {
  if (is_pattern()) return "all like " + pattern_;
  std::string text;
  for (const std::string& topic : topics_) text += (text.empty() ? "" : ", ") + topic;
  return text;
}

bool Subscription::covers(const std::string& topic) const {
  if (!is_pattern()) return std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
  if (topic.starts_with("__") && !pattern_.starts_with("__")) return false;
  try {
    return std::regex_match(topic, regex_->regex);
  } catch (const std::regex_error&) {
    return false;  // too complex for this name; of_pattern() has seen that the pattern is one
  }
}

}  // namespace lakeward::connectors::kafka
