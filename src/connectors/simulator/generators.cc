#include "connectors/simulator/generators.h"

#include <array>
#include <cmath>
#include <functional>

#include "base/suggest.h"
#include "connectors/simulator/record_writer.h"

namespace lakeward::connectors::simulator {
namespace {

constexpr uint64_t kInvalidStream = 101;  // tells the random numbers of defects from all others

class BaseGenerator : public Generator {
 public:
  explicit BaseGenerator(const GeneratorOptions& options) : options_(options) {}

 protected:
  uint64_t bits(uint64_t k, uint64_t what) const { return mix(options_.seed, k, what); }
  Timestamp time_of(uint64_t k) const {
    return options_.start + options_.step * static_cast<int64_t>(k);
  }
  // A writer that spoils one of the fields [0, fields) if record `k` is to be invalid.
  RecordWriter writer(uint64_t k, char* to, int fields) const {
    const Defect defect = options_.invalid > 0 ? defect_of(options_, k) : Defect::kNone;
    const int broken =
        defect == Defect::kNone
            ? -1
            : static_cast<int>(bits(k, kInvalidStream + 1) % static_cast<unsigned>(fields));
    return RecordWriter(to, defect, broken);
  }
  // The same, for a generator of which only some fields can be null, missing or of a wrong type.
  template <size_t N>
  RecordWriter writer(uint64_t k, char* to, const std::array<int, N>& breakable) const {
    const Defect defect = options_.invalid > 0 ? defect_of(options_, k) : Defect::kNone;
    return RecordWriter(to, defect,
                        defect == Defect::kNone ? -1 : breakable[bits(k, kInvalidStream + 1) % N]);
  }

  GeneratorOptions options_;
};

// Sensors of a few buildings. Each sensor measures one thing.
class Sensors final : public BaseGenerator {
 public:
  using BaseGenerator::BaseGenerator;

  char* write(uint64_t k, char* to) const override {
    struct Kind {
      std::string_view type, unit;
      int64_t low, high, out_of_range;  // hundredths
    };
    static constexpr std::array<Kind, 4> kKinds = {{{"temperature", "C", 1800, 2700, 15000},
                                                    {"humidity", "%", 2500, 7500, 12050},
                                                    {"co2", "ppm", 38000, 190000, 1500000},
                                                    {"pressure", "hPa", 98000, 104000, 104500}}};
    static constexpr std::string_view kBuildings = "ABCDE";
    const uint64_t device = bits(k, 0) % kDevices;
    // Three of four measure what has a range to check.
    const Kind& kind = kKinds[device % kKinds.size()];
    const size_t building = device / 4 % kBuildings.size();
    // Building E's devices tell the time of their own zone.
    const bool abroad = kBuildings[building] == 'E';
    char name[] = "sensor-000";
    name[7] = static_cast<char>('0' + device / 100);
    name[8] = static_cast<char>('0' + device / 10 % 10);
    name[9] = static_cast<char>('0' + device % 10);

    RecordWriter record = writer(k, to, std::array{0, 1, 2, 4, 5});
    record.time("\"timestamp\":", abroad ? time_of(k) + std::chrono::hours(1) : time_of(k), false,
                abroad ? "+01:00" : "Z");
    record.text("\"device_id\":", {name, 10});
    record.text("\"building\":", kBuildings.substr(building, 1));
    record.integer("\"floor\":", static_cast<int64_t>(device / 20 % 10));
    record.text("\"type\":", kind.type);
    const int64_t value = pick(bits(k, 1), kind.low, kind.high);
    record.hundredths("\"value\":", record.out_of_range() ? kind.out_of_range : value);
    record.text("\"unit\":", kind.unit);
    return record.finish();
  }
  std::string_view device_field() const override { return "device_id"; }
  engine::Schema schema() const override {
    return {{"timestamp", "VARCHAR"}, {"device_id", "VARCHAR"}, {"building", "VARCHAR"},
            {"floor", "INTEGER"},     {"type", "VARCHAR"},      {"value", "DOUBLE"},
            {"unit", "VARCHAR"}};
  }

 private:
  static constexpr uint64_t kDevices = 200;
};

// The answer of a simulated device's API.
class Iot final : public BaseGenerator {
 public:
  using BaseGenerator::BaseGenerator;

  char* write(uint64_t k, char* to) const override {
    RecordWriter record = writer(k, to, 4);
    record.uuid("\"device_id\":", bits(k, 0), bits(k, 1));
    record.hundredths("\"temperature\":",
                      record.out_of_range() ? 9900 : pick(bits(k, 2), 400, 4500));
    record.hundredths("\"humidity\":", pick(bits(k, 3), 4000, 9000));
    record.time("\"date\":", time_of(k), true, "");
    return record.finish();
  }
  std::string_view device_field() const override { return "device_id"; }
  engine::Schema schema() const override {
    return {{"device_id", "VARCHAR"},
            {"temperature", "DOUBLE"},
            {"humidity", "DOUBLE"},
            {"date", "VARCHAR"}};
  }
};

// Prices of Brazilian treasury bonds: each bond once a day.
class Bonds final : public BaseGenerator {
 public:
  using BaseGenerator::BaseGenerator;

  char* write(uint64_t k, char* to) const override {
    struct Bond {
      std::string_view tipo;
      int64_t vencimento;   // days since 1970
      int64_t rate, price;  // hundredths, about which they move
    };
    static constexpr std::array<Bond, 8> kBonds = {
        {{"Tesouro Selic", 21609, 7, 1620000},
         {"Tesouro Selic", 22705, 12, 1612000},
         {"Tesouro Prefixado", 21184, 1318, 84500},
         {"Tesouro Prefixado com Juros Semestrais", 23741, 1372, 87300},
         {"Tesouro IPCA+", 21684, 789, 347000},
         {"Tesouro IPCA+", 23876, 745, 226000},
         {"Tesouro IPCA+ com Juros Semestrais", 27164, 728, 421000},
         {"Tesouro IGPM+ com Juros Semestrais", 22280, 684, 683000}}};
    const Bond& bond = kBonds[k % kBonds.size()];
    const int64_t day =
        options_.start.micros / 86'400'000'000 + static_cast<int64_t>(k / kBonds.size());
    const int64_t rate = bond.rate + pick(bits(k, 0), 0, 40);
    const int64_t price = bond.price + pick(bits(k, 1), -bond.price / 20, bond.price / 20);
    RecordWriter record = writer(k, to, 8);
    record.text("\"tipo\":", bond.tipo);
    record.date("\"vencimento\":", bond.vencimento);
    record.date("\"data_base\":", day);
    record.hundredths("\"taxa_compra\":", rate);
    record.hundredths("\"taxa_venda\":", rate + 12);
    record.hundredths("\"pu_compra\":", record.out_of_range() ? -price : price);
    record.hundredths("\"pu_venda\":", price - price / 200);
    record.hundredths("\"pu_base\":", price - price / 180);
    return record.finish();
  }
  engine::Schema schema() const override {
    return {{"tipo", "VARCHAR"},       {"vencimento", "DATE"},   {"data_base", "DATE"},
            {"taxa_compra", "DOUBLE"}, {"taxa_venda", "DOUBLE"}, {"pu_compra", "DOUBLE"},
            {"pu_venda", "DOUBLE"},    {"pu_base", "DOUBLE"}};
  }
};

// Wide nested events of about 900 bytes, as IoT hubs deliver them.
class Events final : public BaseGenerator {
 public:
  using BaseGenerator::BaseGenerator;

  char* write(uint64_t k, char* to) const override {
    static constexpr std::array<std::string_view, 23> kNames = {
        "\"moreData0\":",  "\"moreData1\":",  "\"moreData2\":",  "\"moreData3\":",
        "\"moreData4\":",  "\"moreData5\":",  "\"moreData6\":",  "\"moreData7\":",
        "\"moreData8\":",  "\"moreData9\":",  "\"moreData10\":", "\"moreData11\":",
        "\"moreData12\":", "\"moreData13\":", "\"moreData14\":", "\"moreData15\":",
        "\"moreData16\":", "\"moreData17\":", "\"moreData18\":", "\"moreData19\":",
        "\"moreData20\":", "\"moreData21\":", "\"moreData22\":"};
    const uint64_t device = bits(k, 0) % 1000;
    char name[] = "contoso://device-id-000";
    name[20] = static_cast<char>('0' + device / 100);
    name[21] = static_cast<char>('0' + device / 10 % 10);
    name[22] = static_cast<char>('0' + device % 10);
    // Fields 1 … 24 are complexData and what is in it.
    RecordWriter record = writer(k, to, std::array{0, 25, 26, 27, 28});
    record.uuid("\"eventId\":", bits(k, 1), bits(k, 2));
    record.begin_object("\"complexData\":");
    for (size_t i = 0; i < kNames.size(); ++i) {
      record.hundredths(kNames[i], pick(bits(k, 10 + i), 1000, 9999));
    }
    record.end_object();
    record.hundredths("\"value\":", record.out_of_range() ? -100000 : pick(bits(k, 3), 1000, 9999));
    record.text("\"type\":", device % 2 == 0 ? "TEMP" : "CO2");
    record.text("\"deviceId\":", {name, 23});
    record.integer("\"deviceSequenceNumber\":", static_cast<int64_t>(k));
    record.time("\"createdAt\":", time_of(k), true, "Z");
    return record.finish();
  }
  std::string_view device_field() const override { return "deviceId"; }
  engine::Schema schema() const override {
    std::string complex = "STRUCT(";
    for (int i = 0; i < 23; ++i) {
      complex += (i == 0 ? "" : ", ") + ("\"moreData" + std::to_string(i) + "\" DOUBLE");
    }
    return {{"eventId", "VARCHAR"},  {"complexData", complex + ")"},
            {"value", "DOUBLE"},     {"type", "VARCHAR"},
            {"deviceId", "VARCHAR"}, {"deviceSequenceNumber", "BIGINT"},
            {"createdAt", "VARCHAR"}};
  }
};

class Users final : public BaseGenerator {
 public:
  using BaseGenerator::BaseGenerator;

  char* write(uint64_t k, char* to) const override {
    static constexpr std::array<std::string_view, 16> kFirst = {
        "Ana",  "Bruno", "Chidi", "Dana",  "Emil", "Fatima", "Goran", "Hana",
        "Ines", "Jonas", "Kofi",  "Lucia", "Mei",  "Noah",   "Olga",  "Pavel"};
    static constexpr std::array<std::string_view, 16> kLast = {
        "Almeida", "Bauer", "Costa",    "Dubois", "Evans",  "Fischer", "Garcia", "Haddad",
        "Ito",     "Jones", "Kowalski", "Lima",   "Moreau", "Novak",   "Okafor", "Popescu"};
    static constexpr std::array<std::string_view, 10> kCountries = {"BR", "DE", "FR", "GB", "IN",
                                                                    "JP", "MX", "NG", "PL", "US"};
    const std::string_view first = kFirst[bits(k, 0) % kFirst.size()];
    const std::string_view last = kLast[bits(k, 1) % kLast.size()];
    const std::string number = std::to_string(k + 1);
    std::string name, email;
    name.append(first).append(" ").append(last);
    email.append(first).append(".").append(last).append(number).append("@example.com");
    for (char& c : email) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    RecordWriter record = writer(k, to, 5);
    record.integer("\"id\":", record.out_of_range() ? -1 : static_cast<int64_t>(k + 1));
    record.text("\"name\":", name);
    record.text("\"email\":", email);
    record.text("\"country\":", kCountries[bits(k, 2) % kCountries.size()]);
    record.time("\"created_at\":", time_of(k), false, "Z");
    return record.finish();
  }
  engine::Schema schema() const override {
    return {{"id", "BIGINT"},
            {"name", "VARCHAR"},
            {"email", "VARCHAR"},
            {"country", "VARCHAR"},
            {"created_at", "VARCHAR"}};
  }
};

template <typename T>
std::unique_ptr<Generator> make(const GeneratorOptions& options) {
  return std::make_unique<T>(options);
}

}  // namespace

const std::vector<GeneratorInfo>& generators() {
  static const std::vector<GeneratorInfo> all = {
      {"sensors",
       "Readings of 200 sensors in five buildings: temperature, humidity, co2, pressure."},
      {"iot", "Answers of a device's API: a device id, temperature, humidity and a local date."},
      {"bonds", "Daily prices of Brazilian treasury bonds."},
      {"events", "Wide nested events of an IoT hub, about 900 bytes each."},
      {"users", "People who sign up: id, name, e-mail, country and time."},
  };
  return all;
}

Result<std::unique_ptr<Generator>> make_generator(std::string_view name,
                                                  const GeneratorOptions& options) {
  if (!(options.invalid >= 0 && options.invalid <= 1)) {
    return invalid_argument(
        "'invalid' must be from 0 to 1, the share of records that break a rule");
  }
  if (name == "sensors") return make<Sensors>(options);
  if (name == "iot") return make<Iot>(options);
  if (name == "bonds") return make<Bonds>(options);
  if (name == "events") return make<Events>(options);
  if (name == "users") return make<Users>(options);
  std::vector<std::string> names;
  for (const GeneratorInfo& info : generators()) names.push_back(info.name);
  return invalid_argument("there is no generator '" + std::string(name) + "'" +
                          suggestion(name, names));
}

std::optional<std::string_view> field_text(std::string_view record, std::string_view field) {
  if (field.empty()) return std::nullopt;
  const std::string name = "\"" + std::string(field) + "\":\"";
  const size_t found = record.find(name);
  if (found == std::string_view::npos) return std::nullopt;
  const size_t begin = found + name.size();
  const size_t end = record.find('"', begin);
  if (end == std::string_view::npos) return std::nullopt;
  return record.substr(begin, end - begin);
}

Defect defect_of(const GeneratorOptions& options, uint64_t k) {
  const uint64_t bits = mix(options.seed, k, kInvalidStream);
  if (std::ldexp(static_cast<double>(bits >> 11), -53) >= options.invalid) return Defect::kNone;
  return static_cast<Defect>(1 + mix(options.seed, k, kInvalidStream + 2) % 6);
}

}  // namespace lakeward::connectors::simulator
