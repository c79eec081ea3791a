// Properties of librdkafka: their names, and what it says of their values.
#pragma once

#include <rdkafka.h>

#include <optional>
#include <string>
#include <vector>

#include "config/options.h"

namespace lakeward::connectors::kafka {

// All that librdkafka knows, those of topics included.
std::vector<std::string> property_names();

// Why librdkafka does not take a property; nullopt if it does.
std::optional<std::string> refuse_property(const std::string& name, const std::string& value);
// The same, and the property is set.
std::optional<std::string> set_property(rd_kafka_conf_t* conf, const std::string& name,
                                        const std::string& value);

// librdkafka's refusal to begin, `why`, with the option and the file if it is one of these that it
// cannot use: it says no more than the property and what OpenSSL has on its stack.
std::string name_file(const std::string& why, const config::StringMap& properties);

}  // namespace lakeward::connectors::kafka
