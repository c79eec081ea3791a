// "Did you mean": the known name that is nearest to a misspelt one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lakeward {

// The nearest of `known` by edit distance (transpositions count as one), if it is near enough to be
// meant: within a third of the name's length, at least 1.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> known);

// "; did you mean 'x'?" or, if none is near, "; known: a, b, c" (the latter only for up to 20
// names).
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace lakeward
