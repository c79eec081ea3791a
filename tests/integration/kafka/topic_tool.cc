// Topics for tests in Python, without a line of Lakeward's own:
//
//   topic_tool create TOPIC PARTITIONS
//   topic_tool delete TOPIC
//   topic_tool delete_records TOPIC N      those of partition 0 before offset N
//   topic_tool produce TOPIC FIRST COUNT   {"p":…,"n":…,"text":…} to each partition, numbered from
//                                          FIRST; returns when the broker has them
//   topic_tool send TOPIC                  lines KEY<tab>VALUE of stdin, to partition 0
//   topic_tool send_hex TOPIC              lines
//   {"key":…,"value":…,"timestamp":ms,"headers":[[name,…],…]}
//                                          of stdin, to partition 0; bytes are hexadecimal, or null
//   topic_tool dump TOPIC                  what a read_committed consumer sees once no transaction
//   is
//                                          open, partition by partition in order: a JSON object a
//                                          line
//   topic_tool committed GROUP TOPIC       the offset of each partition that the group has stored,
//   a
//                                          line each; -1: none
//   topic_tool dump_hex TOPIC              the same, as send_hex takes it
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "connectors/kafka/test_consumer.h"
#include "connectors/kafka/test_producer.h"

namespace lakeward::test {
namespace {

constexpr int kPartitions = 3;

std::vector<Message> numbered(int partition, int first, int count) {
  std::vector<Message> messages;
  for (int n = first; n < first + count; ++n) {
    messages.push_back({"{\"p\":" + std::to_string(partition) + ",\"n\":" + std::to_string(n) +
                        ",\"text\":\"número " + std::to_string(n) + " of a partition\"}"});
  }
  return messages;
}

std::vector<Message> read_lines() {
  std::vector<Message> messages;
  for (std::string line; std::getline(std::cin, line);) {
    const size_t tab = line.find('\t');
    messages.push_back({line.substr(tab + 1), line.substr(0, tab)});
  }
  return messages;
}

nlohmann::json hex(const std::optional<std::string>& bytes) {
  if (!bytes) return nullptr;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (const char byte : *bytes) {
    digits += kDigits[static_cast<unsigned char>(byte) >> 4];
    digits += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return digits;
}

std::optional<std::string> unhex(const nlohmann::json& digits) {
  if (digits.is_null()) return std::nullopt;
  const auto text = digits.get<std::string>();
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<Message> read_hex_lines() {
  std::vector<Message> messages;
  for (std::string line; std::getline(std::cin, line);) {
    const auto given = nlohmann::json::parse(line);
    Message message{unhex(given["value"]), unhex(given["key"]), given.value("timestamp", 0L)};
    for (const auto& [name, value] : given["headers"].items()) {
      message.headers.emplace_back(value[0].get<std::string>(), unhex(value[1]));
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

void dump_hex(const ReadMessage& message) {
  nlohmann::json headers = nlohmann::json::array();
  for (const auto& [name, value] : message.headers) headers.push_back({name, hex(value)});
  const nlohmann::json line = {{"key", hex(message.key)},
                               {"value", hex(message.value)},
                               {"timestamp", message.timestamp_ms},
                               {"headers", std::move(headers)}};
  std::cout << line.dump() << '\n';
}

nlohmann::json text(const std::optional<std::string>& bytes) {
  return bytes ? nlohmann::json(*bytes) : nlohmann::json();
}

void dump(const ReadMessage& message) {
  nlohmann::json headers = nlohmann::json::object();
  for (const auto& [name, value] : message.headers) headers[name] = text(value);
  const nlohmann::json line = {{"partition", message.partition},
                               {"offset", message.offset},
                               {"key", text(message.key)},
                               {"value", text(message.value)},
                               {"headers", std::move(headers)}};
  std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

std::vector<ReadMessage> read_ended(const Properties& properties, const std::string& topic) {
  await_transactions(properties, topic);
  return read_topic(properties, topic);
}

int run(const std::vector<std::string>& words) {
  const char* broker = std::getenv("LAKEWARD_KAFKA");
  if (broker == nullptr) {
    std::cerr << "run this with tests/services/kafka/with_broker\n";
    return 1;
  }
  const Properties properties = {{"bootstrap.servers", broker}};
  if (words.size() == 3 && words[0] == "create") {
    TestProducer(properties).create_topic(words[1], std::stoi(words[2]));
  } else if (words.size() == 2 && words[0] == "delete") {
    TestProducer(properties).delete_topic(words[1]);
  } else if (words.size() == 3 && words[0] == "delete_records") {
    TestProducer(properties).delete_records(words[1], 0, std::stoi(words[2]));
  } else if (words.size() == 4 && words[0] == "produce") {
    // Numbers stay in their order, and each is there once, whatever brokers do meanwhile.
    Properties idempotent = properties;
    idempotent.emplace_back("enable.idempotence", "true");
    TestProducer producer(idempotent);
    for (int partition = 0; partition < kPartitions; ++partition) {
      producer.send(words[1], partition,
                    numbered(partition, std::stoi(words[2]), std::stoi(words[3])));
    }
  } else if (words.size() == 2 && words[0] == "send") {
    TestProducer(properties).send(words[1], 0, read_lines());
  } else if (words.size() == 2 && words[0] == "send_hex") {
    TestProducer(properties).send(words[1], 0, read_hex_lines());
  } else if (words.size() == 2 && words[0] == "dump_hex") {
    for (const ReadMessage& message : read_ended(properties, words[1])) dump_hex(message);
  } else if (words.size() == 2 && words[0] == "dump") {
    for (const ReadMessage& message : read_ended(properties, words[1])) dump(message);
  } else if (words.size() == 3 && words[0] == "committed") {
    for (const int64_t offset : committed_offsets(properties, words[1], words[2])) {
      std::cout << offset << '\n';
    }
  } else {
    std::cerr << "topic_tool create TOPIC N | produce TOPIC FIRST COUNT | send[_hex] TOPIC | "
                 "dump[_hex] TOPIC | committed GROUP TOPIC\n";
    return 2;
  }
  return ::testing::UnitTest::GetInstance()->Failed() ? 1 : 0;
}

}  // namespace
}  // namespace lakeward::test

int main(int count, char** words) { return lakeward::test::run({words + 1, words + count}); }
