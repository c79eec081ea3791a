#include "stream/accounting_json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lakeward::stream {
namespace {

constexpr std::pair<const char*, uint64_t Accounting::*> kNumbers[] = {
    {"read", &Accounting::read},
    {"written", &Accounting::written},
    {"filtered", &Accounting::filtered},
    {"deduplicated", &Accounting::deduplicated},
    {"late", &Accounting::late},
    {"dropped", &Accounting::dropped},
    {"dead_lettered", &Accounting::dead_lettered},
    {"malformed", &Accounting::malformed},
    {"kept_invalid", &Accounting::kept_invalid},
    {"lost", &Accounting::lost},
    {"bytes", &Accounting::bytes},
};

}  // namespace

std::string accounting_to_json(const Accounting& accounting) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, member] : kNumbers) json[name] = accounting.*member;
  return json.dump();
}

Result<Accounting> accounting_from_json(const std::string& text) {
  Accounting accounting;
  if (text.empty()) return accounting;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return corruption("an epoch's accounting is not a JSON object");
  for (const auto& [name, member] : kNumbers) {
    const auto found = json.find(name);
    if (found == json.end()) continue;
    if (!found->is_number_unsigned()) {
      return corruption(std::string("an epoch's accounting: '") + name + "' is not a count");
    }
    accounting.*member = found->get<uint64_t>();
  }
  return accounting;
}

}  // namespace lakeward::stream
