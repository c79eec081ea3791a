#include "cli/status_text.h"

#include <algorithm>
#include <set>

#include "base/secret.h"
#include "base/units.h"

namespace lakeward::cli {
namespace {

using service::PipelineFacts;

constexpr size_t kShownParts = 3;
constexpr std::string_view kBetween = ", ";

std::string lag_text(const PipelineFacts& facts) {
  if (facts.lag_records) return format_count(*facts.lag_records, "record");
  if (facts.lag_bytes) return format_bytes(*facts.lag_bytes);
  return "";
}

// The first of what is listed, and how many more there are.
std::string shortened(const std::string& list) {
  size_t shown = 0;   // the end of those that are shown
  size_t pieces = 1;  // in all
  for (size_t at = list.find(kBetween); at != std::string::npos;
       at = list.find(kBetween, at + kBetween.size())) {
    if (pieces++ == kShownParts) shown = at;
  }
  if (pieces <= kShownParts + 1) return list;
  return list.substr(0, shown) + " and " + format_count(pieces - kShownParts) + " more";
}

std::string parts_summary(const std::vector<stream::PartLag>& parts) {
  std::set<std::string> wholes;  // topics
  for (const stream::PartLag& part : parts)
    wholes.insert(part.part.substr(0, part.part.rfind('/')));
  const auto [least, most] =
      std::minmax_element(parts.begin(), parts.end(),
                          [](const auto& a, const auto& b) { return a.position < b.position; });
  const std::string places =
      format_count(least->position) +
      (least->position == most->position ? "" : " to " + format_count(most->position));
  return (wholes.size() == 1
              ? *wholes.begin() + ": "
              : *wholes.begin() + " and " + format_count(wholes.size() - 1) + " more: ") +
         format_count(parts.size()) + " parts at " + places;
}

std::vector<std::string> to_row(const PipelineFacts& facts, bool any_lost) {
  const auto count = [&](uint64_t stream::Accounting::*member) {
    return facts.process ? format_count(facts.process->total.*member) : "";
  };
  std::vector<std::string> row = {facts.name,
                                  facts.state,
                                  facts.epoch ? std::to_string(*facts.epoch) : "",
                                  facts.epoch_time ? format_timestamp(*facts.epoch_time) : "",
                                  count(&stream::Accounting::read),
                                  count(&stream::Accounting::written),
                                  count(&stream::Accounting::dead_lettered)};
  if (any_lost) row.push_back(count(&stream::Accounting::lost));
  row.push_back(lag_text(facts));
  row.push_back(mask_secrets(position_summary(facts)));
  return row;
}

}  // namespace

uint64_t behind(const stream::PartLag& part) {
  return part.end > part.position ? part.end - part.position : 0;
}

std::string position_summary(const PipelineFacts& facts) {
  return facts.parts.size() > kShownParts ? parts_summary(facts.parts) : shortened(facts.position);
}

std::string status_table(const std::vector<PipelineFacts>& pipelines, Screen screen) {
  const bool any_lost = std::any_of(pipelines.begin(), pipelines.end(), [](const auto& facts) {
    return facts.process && facts.process->total.lost > 0;
  });
  std::vector<TableColumn> columns = {{"pipeline"},          {"state"},      {"epoch", true},
                                      {"committed"},         {"read", true}, {"written", true},
                                      {"dead letters", true}};
  if (any_lost) columns.push_back({"lost", true});
  columns.push_back({"behind", true});
  columns.push_back({"position"});
  std::vector<std::vector<std::string>> rows;
  for (const PipelineFacts& facts : pipelines) rows.push_back(to_row(facts, any_lost));
  return format_table(columns, rows, screen);
}

std::string parts_table(const PipelineFacts& facts, Screen screen) {
  std::vector<std::vector<std::string>> rows;
  for (const stream::PartLag& part : facts.parts) {
    rows.push_back({mask_secrets(part.part), format_count(part.position), format_count(part.end),
                    format_count(behind(part))});
  }
  if (rows.empty()) return "";
  return "\n" + format_table({{"part"}, {"position", true}, {"end", true}, {"behind", true}}, rows,
                             screen);
}

}  // namespace lakeward::cli
