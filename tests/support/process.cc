#include "support/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/check.h"
#include "base/random.h"

namespace lakeward::test {
namespace {

namespace fs = std::filesystem;

// In the child: everything between fork and exec.
[[noreturn]] void become(const std::vector<std::string>& command, const ProcessOptions& options,
                         const fs::path& folder) {
  const int in = open((folder / "in").c_str(), O_RDONLY);
  const int out = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (in < 0 || out < 0 || err < 0) _exit(127);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
    _exit(127);
  }
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const ProcessOptions& options) {
  Random random = Random::from_entropy();
  folder_ = fs::temp_directory_path() / ("lakeward-process-" + make_uuid(random));
  fs::create_directories(folder_);
  write_text(folder_ / "in", options.input);
  pid_ = fork();
  CHECK(pid_ >= 0, "cannot fork");
  if (pid_ == 0) become(command, options, folder_);
}

Process::~Process() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    reap(true);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

bool Process::reap(bool block) {
  if (ended_) return true;
  const pid_t got = waitpid(pid_, &status_, block ? 0 : WNOHANG);
  ended_ = got == pid_;
  return ended_;
}

bool Process::running() { return !reap(false); }

void Process::send_signal(int signal) {
  if (running()) kill(pid_, signal);
}

ProcessResult Process::wait() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (running() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (!ended_) {
    kill(pid_, SIGKILL);
    reap(true);
  }
  ProcessResult result;
  result.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  result.out = out();
  result.err = err();
  return result;
}

std::string Process::out() const { return read_text(folder_ / "out"); }
std::string Process::err() const { return read_text(folder_ / "err"); }

ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options) {
  return Process(command, options).wait();
}

std::string lakeward_binary() {
  const char* given = std::getenv("LAKEWARD_BINARY");
  if (given != nullptr) return given;
  const fs::path beside = fs::read_symlink("/proc/self/exe").parent_path();
  return (beside.parent_path() / "lakeward").string();
}

ProcessResult run_lakeward(std::vector<std::string> arguments, const ProcessOptions& options) {
  arguments.insert(arguments.begin(), lakeward_binary());
  return run_process(arguments, options);
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  CHECK(out.good(), "cannot write " + path.string());
}

void pause_briefly() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

}  // namespace lakeward::test
