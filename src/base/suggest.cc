#include "base/suggest.h"

#include <algorithm>
#include <vector>

namespace lakeward {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance, without regard to case: insertions, deletions, substitutions
// and transpositions of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, current);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> known) {
  const size_t limit = std::max<size_t>(1, name.size() / 3);
  std::optional<std::string> nearest;
  size_t smallest = limit + 1;
  for (const std::string& candidate : known) {
    const size_t shorter = std::min(name.size(), candidate.size());
    if (std::max(name.size(), candidate.size()) - shorter >= smallest) continue;
    const size_t distance = edit_distance(name, candidate);
    // A distance of the whole length means that no letter is shared.
    if (distance < smallest && distance < std::max<size_t>(candidate.size(), 1)) {
      smallest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  if (const auto nearest = nearest_name(name, known)) return "; did you mean '" + *nearest + "'?";
  constexpr size_t kMostShown = 20;
  if (known.empty() || known.size() > kMostShown) return "";
  std::string text = "; known: ";
  for (size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "" : ", ") + known[i];
  return text;
}

}  // namespace lakeward
