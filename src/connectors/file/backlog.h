// Which files have been taken into epochs, and which wait.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "connectors/file/entry.h"
#include "connectors/file/glob.h"

namespace lakeward::connectors::file {

// A file, or the rest of one, that can be taken now.
struct Candidate {
  FoundFile file;     // with the size that it has been taken with, if a part has
  uint64_t from = 0;  // bytes before it are taken
};

// Not thread-safe. No I/O.
class Backlog {
 public:
  explicit Backlog(Duration settle) : settle_(settle) {}

  // Entries of the log, in order. forget() undoes the newest take() of the entry's file.
  void take(const Entry& entry);
  void forget(const Entry& entry);

  struct Look {
    std::vector<Candidate> ready;  // by (modification time, path); begun files first
    Duration wait{0};              // how long until the first that is not settled may be; 0: none
    uint64_t waiting_bytes = 0;    // of all that is not taken
    std::vector<std::string> changed;  // files that changed after they were taken, each named once
  };
  // Sorts what was found at `now`. A file is settled when its time is older than `settle`, or when
  // it has been seen unchanged for so long (whatever the clock of its file system says). If `among`
  // is not null, only its paths count.
  Look look(std::vector<FoundFile> found, Timestamp now,
            const std::unordered_set<std::string>* among);

  size_t files_taken() const { return taken_.size(); }

 private:
  struct Taken {
    int64_t timestamp_ms = 0;
    uint64_t size = 0;  // 0 if not known (an entry of Spark)
    uint64_t to = 0;    // bytes taken
    bool final = true;
    bool reported = false;  // as changed
  };
  struct Watched {
    uint64_t size = 0;
    Timestamp modified;
    Timestamp since;  // when it was first seen so
  };

  Duration settle_;
  std::unordered_map<std::string, Taken> taken_;      // by path
  std::unordered_map<std::string, Watched> watched_;  // by path: not settled at the last look
};

}  // namespace lakeward::connectors::file
