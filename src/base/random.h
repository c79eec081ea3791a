// Randomness, passed in: the same seed gives the same run.
#pragma once

#include <cstdint>
#include <string>

namespace lakeward {

// A fast deterministic generator (xoshiro256**, Blackman and Vigna). Not for secrets. Not
// thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed);
  // Seeded from the operating system.
  static Random from_entropy();

  uint64_t next();
  // Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  // Uniform in [0, 1).
  double uniform();

 private:
  uint64_t state_[4];
};

// A random (version 4) UUID in its canonical text form, for example
// "e9a4bf47-c8ed-4ea0-a95a-7a609aca1cd0" (RFC 4122, section 4.4).
std::string make_uuid(Random& random);

}  // namespace lakeward
