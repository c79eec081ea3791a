// A run as people follow it: progress on stderr, and the summary at its end.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/text_table.h"
#include "service/runner.h"

namespace lakeward::cli {

// What has happened to pipelines since they were looked at before.
class RunNews {
 public:
  struct Item {
    std::string text;  // "bronze: retrying: the disk is full"
    bool is_failure = false;
  };
  // A pipeline that begins to try again, or goes on after that, and one that has failed while
  // others run on (the summary tells of the rest).
  std::vector<Item> take(const service::RunReport& report);
  // Those that still run after a stop was asked for, once; nothing at the first call, as most end
  // at once.
  std::vector<Item> take_stopping(const service::RunReport& report);

 private:
  enum class Told { kNothing, kRetrying, kFailed };
  std::map<std::string, Told> told_;
  int asked_stopping_ = 0;
};

// Lines on stderr: news at once; and how far the pipelines are, on a terminal in one line that is
// overwritten, elsewhere once a minute while there is something new.
class RunProgress {
 public:
  // `only_failures`: nothing else is said.
  RunProgress(Screen screen, const Clock& clock, bool only_failures)
      : screen_(screen), clock_(clock), only_failures_(only_failures) {}
  ~RunProgress() { clear(); }
  RunProgress(const RunProgress&) = delete;
  RunProgress& operator=(const RunProgress&) = delete;

  // `stopping`: a stop was asked for.
  void show(const service::RunReport& report, bool stopping);
  // Removes the live line.
  void clear();

 private:
  Screen screen_;
  const Clock& clock_;
  const bool only_failures_;
  RunNews news_;
  bool live_ = false;
  std::string last_;
  std::optional<Timestamp> last_time_;
};

// "bronze: 12,000 rows; silver: 0 rows, retrying".
std::string progress_line(const service::RunReport& report);

// A table of what each pipeline read, wrote and left out, with the dead letters by reason.
std::string summary_text(const service::RunReport& report, Screen screen);
std::string summary_json(const service::RunReport& report);

}  // namespace lakeward::cli
