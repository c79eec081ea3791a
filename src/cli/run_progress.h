// A run as people follow it: progress on stderr, and the summary at its end.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/text_table.h"
#include "service/runner.h"

namespace lakeward::cli {

// A line on stderr: on a terminal one that is overwritten, elsewhere one a minute while there is
// something new.
class RunProgress {
 public:
  RunProgress(Screen screen, const Clock& clock) : screen_(screen), clock_(clock) {}
  ~RunProgress() { clear(); }
  RunProgress(const RunProgress&) = delete;
  RunProgress& operator=(const RunProgress&) = delete;

  void show(const service::RunReport& report);
  // Removes the live line.
  void clear();

 private:
  Screen screen_;
  const Clock& clock_;
  bool live_ = false;
  bool was_retrying_ = false;
  std::string last_;
  std::optional<Timestamp> last_time_;
};

// "bronze: 12,000 rows; silver: retrying: …".
std::string progress_line(const service::RunReport& report);

// A table of what each pipeline read, wrote and left out, with the dead letters by reason.
std::string summary_text(const service::RunReport& report, Screen screen);
std::string summary_json(const service::RunReport& report);

}  // namespace lakeward::cli
