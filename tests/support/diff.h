// The difference of two texts, line by line.
#pragma once

#include <string>
#include <vector>

namespace lakeward::test {

std::vector<std::string> lines_of(const std::string& text);

// "" if they are equal; else the lines that only one of them has, "- expected" and "+ actual", the
// others left out.
std::string line_diff(const std::vector<std::string>& expected,
                      const std::vector<std::string>& actual);

}  // namespace lakeward::test
