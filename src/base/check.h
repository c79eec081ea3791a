// Assertions on invariants. They stay on in release builds: a process that has lost an invariant
// must not commit anything.
#pragma once

#include <string_view>

namespace lakeward {

// Prints the broken condition with its place to stderr and aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line,
                               std::string_view message);

}  // namespace lakeward

// CHECK(condition) or CHECK(condition, "what it means").
#define CHECK(condition, ...)                                                                  \
  do {                                                                                         \
    if (!(condition)) [[unlikely]] {                                                           \
      ::lakeward::check_failed(#condition, __FILE__, __LINE__, std::string_view{__VA_ARGS__}); \
    }                                                                                          \
  } while (false)
