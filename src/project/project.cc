#include "project/project.h"

namespace lakeward::project {

bool Pipeline::has_dead_letters() const {
  if (from && decode && decode->on_malformed == format::OnMalformed::kDeadLetter) return true;
  if (from && !decode) return true;
  for (const DeclaredExpectation& expectation : expectations) {
    if (expectation.otherwise == stream::Otherwise::kDeadLetter) return true;
  }
  return false;
}

std::string lake_table(const ConnectorBlock& block) {
  if (block.connector != "delta") return "";
  const config::Value* table = block.options.find("table");
  return table != nullptr && table->is_scalar() ? table->text() : "";
}

std::string dead_letter_table(const Pipeline& pipeline) { return "dead_letter." + pipeline.name; }

const Pipeline* Project::find(std::string_view pipeline) const {
  for (const Pipeline& candidate : pipelines) {
    if (candidate.name == pipeline) return &candidate;
  }
  return nullptr;
}

}  // namespace lakeward::project
