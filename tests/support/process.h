// Programs run by tests: the built lakeward, as a user runs it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lakeward::test {

struct ProcessOptions {
  std::filesystem::path working_directory;                       // empty: the test's own
  std::vector<std::pair<std::string, std::string>> environment;  // added to the test's own
  std::string input;                                             // on stdin, which then ends
};

struct ProcessResult {
  int exit_code = -1;  // 128 + the signal's number for a program that a signal ended
  std::string out;
  std::string err;
};

// A running program. Its output goes to files, so that it never blocks on a full pipe. Killed when
// destroyed.
class Process {
 public:
  // Aborts the test program if the program cannot be started.
  explicit Process(const std::vector<std::string>& command, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Waits for the end, at most two minutes; then it is killed.
  ProcessResult wait();
  void send_signal(int signal);
  bool running();
  pid_t pid() const { return pid_; }
  // What it has written so far.
  std::string out() const;
  std::string err() const;

 private:
  bool reap(bool block);

  std::filesystem::path folder_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

ProcessResult run_process(const std::vector<std::string>& command,
                          const ProcessOptions& options = {});

// The program that this build made: $LAKEWARD_BINARY, which ctest sets, or the one beside the
// test's own program.
std::string lakeward_binary();
// `lakeward ARGUMENTS…`.
ProcessResult run_lakeward(std::vector<std::string> arguments, const ProcessOptions& options = {});

// Waits until `condition` holds, at most two minutes or so; returns whether it does.
template <typename Condition>
bool eventually(Condition condition);

std::string read_text(const std::filesystem::path& path);
// Makes the folders above as well.
void write_text(const std::filesystem::path& path, const std::string& text);

void pause_briefly();

template <typename Condition>
bool eventually(Condition condition) {
  constexpr int kTries = 12'000;
  for (int i = 0; i < kTries; ++i) {
    if (condition()) return true;
    pause_briefly();  // 10 ms
  }
  return condition();
}

}  // namespace lakeward::test
