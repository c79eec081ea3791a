// Options, declared once: name, member, default and documentation. Parsing, errors with a
// suggestion, --help, masking of secrets and the reference pages all come from the declaration.
//
//   const OptionSet<FileSourceOptions>& file_source_options() {
//     static const OptionSet<FileSourceOptions> options = {
//         {"path", &FileSourceOptions::path, required(), "Which files to read: a path or a glob."},
//         {"settle", &FileSourceOptions::settle, default_to(Duration{1'000'000}),
//          "How long a file must have been left alone before it is read."},
//     };
//     return options;
//   }
//
// An enum becomes an option by an overload, found by argument-dependent lookup, of
//   std::vector<std::pair<std::string, E>> option_choices(E);
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"
#include "config/value.h"

namespace lakeward::config {

// A number of bytes; written as "512MiB".
struct Bytes {
  uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};
using StringMap = std::vector<std::pair<std::string, std::string>>;

// What documentation and editors need to know of one option.
struct OptionInfo {
  std::string name;
  std::string type;          // "text", "whole number", "duration", "bytes", "yes/no", "secret", …
  std::string default_text;  // empty if there is none
  std::string doc;
  bool required = false;
  bool secret = false;
  std::vector<std::string> choices;  // of an enum
};

struct Required {};
struct Optional {};
template <typename M>
struct DefaultTo {
  M value;
};
inline Required required() { return {}; }
// May be left out; the member keeps what its type's or struct's initialiser gives it.
inline Optional optional() { return {}; }
template <typename M>
DefaultTo<M> default_to(M value) {
  return {std::move(value)};
}

// Each turns a value into a typed member or says, in a few words, what was expected
// ("a whole number"). Overloads for the types that options have.
std::optional<std::string> convert(const Value& value, std::string& out);
std::optional<std::string> convert(const Value& value, bool& out);
std::optional<std::string> convert(const Value& value, int64_t& out);
std::optional<std::string> convert(const Value& value, uint64_t& out);
std::optional<std::string> convert(const Value& value, double& out);
std::optional<std::string> convert(const Value& value, Duration& out);
std::optional<std::string> convert(const Value& value, Bytes& out);
std::optional<std::string> convert(const Value& value, SecretString& out);
std::optional<std::string> convert(const Value& value, std::vector<std::string>& out);  // or one
std::optional<std::string> convert(const Value& value, StringMap& out);
std::optional<std::string> convert(const Value& value, Value& out);  // anything, parsed later

std::string type_name(const std::string*);
std::string type_name(const bool*);
std::string type_name(const int64_t*);
std::string type_name(const uint64_t*);
std::string type_name(const double*);
std::string type_name(const Duration*);
std::string type_name(const Bytes*);
std::string type_name(const SecretString*);
std::string type_name(const std::vector<std::string>*);
std::string type_name(const StringMap*);
std::string type_name(const Value*);

std::string default_text(const std::string& value);
std::string default_text(bool value);
std::string default_text(int64_t value);
std::string default_text(uint64_t value);
std::string default_text(double value);
std::string default_text(Duration value);
std::string default_text(Bytes value);
std::string default_text(const std::vector<std::string>& value);

namespace internal {

// Adds a problem for each key of `map` that is not in `known`, with the nearest known key.
void report_unknown_keys(const Value& map, const std::vector<OptionInfo>& known,
                         Problems& problems);
std::optional<std::string> convert_choice(const Value& value,
                                          const std::vector<std::string>& choices, size_t& index);

template <typename M>
struct Unwrapped {
  using type = M;
};
template <typename M>
struct Unwrapped<std::optional<M>> {
  using type = M;
};

template <typename M>
std::optional<std::string> convert_member(const Value& value, M& out) {
  if constexpr (std::is_enum_v<M>) {
    const auto choices = option_choices(M{});
    std::vector<std::string> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    size_t index = 0;
    if (auto problem = convert_choice(value, names, index)) return problem;
    out = choices[index].second;
    return std::nullopt;
  } else {
    return convert(value, out);
  }
}

template <typename M>
void describe_member(OptionInfo& info) {
  if constexpr (std::is_enum_v<M>) {
    info.type = "one of";
    for (const auto& choice : option_choices(M{})) info.choices.push_back(choice.first);
  } else {
    info.type = type_name(static_cast<const M*>(nullptr));
    info.secret = std::is_same_v<M, SecretString>;
  }
}

template <typename M>
std::string describe_default(const M& value) {
  if constexpr (std::is_enum_v<M>) {
    for (const auto& choice : option_choices(M{})) {
      if (choice.second == value) return choice.first;
    }
    return "";
  } else {
    return default_text(value);
  }
}

}  // namespace internal

// One declared option of the struct T.
template <typename T>
class Option {
 public:
  template <typename M>
  Option(std::string name, M T::*member, Required, std::string doc)
      : Option(std::move(name), member, std::move(doc)) {
    info_.required = true;
  }
  template <typename M>
  Option(std::string name, M T::*member, Optional, std::string doc)
      : Option(std::move(name), member, std::move(doc)) {}
  template <typename M, typename D>
  Option(std::string name, M T::*member, DefaultTo<D> fallback, std::string doc)
      : Option(std::move(name), member, std::move(doc)) {
    const M value = static_cast<M>(fallback.value);
    info_.default_text = internal::describe_default(value);
    set_default_ = [member, value](T& target) { target.*member = value; };
  }

  const OptionInfo& info() const { return info_; }
  void set_default(T& target) const {
    if (set_default_) set_default_(target);
  }
  std::optional<std::string> set(T& target, const Value& value) const {
    return set_(target, value);
  }

 private:
  template <typename M>
  Option(std::string name, M T::*member, std::string doc) {
    using Inner = typename internal::Unwrapped<M>::type;
    info_.name = std::move(name);
    info_.doc = std::move(doc);
    internal::describe_member<Inner>(info_);
    set_ = [member](T& target, const Value& value) -> std::optional<std::string> {
      Inner inner{};
      if (auto problem = internal::convert_member(value, inner)) return problem;
      target.*member = std::move(inner);
      return std::nullopt;
    };
  }

  OptionInfo info_;
  std::function<std::optional<std::string>(T&, const Value&)> set_;
  std::function<void(T&)> set_default_;
};

template <typename T>
class OptionSet {
 public:
  OptionSet(std::initializer_list<Option<T>> options) : options_(options) {
    for (const Option<T>& option : options_) infos_.push_back(option.info());
  }

  // The options of the map `value` (null counts as an empty map). Everything that is wrong is added
  // to `problems`, each at its place; what is returned then is not to be used.
  T parse(const Value& value, Problems& problems) const {
    T target{};
    for (const Option<T>& option : options_) option.set_default(target);
    if (!value.is_map() && !value.is_null()) {
      problems.push_back(
          {value.location(), "expected a map of options, found " + std::string(value.kind_name())});
      return target;
    }
    internal::report_unknown_keys(value, infos_, problems);
    for (const Option<T>& option : options_) {
      const OptionInfo& info = option.info();
      const Value* given = value.find(info.name);
      if (given == nullptr) {
        if (info.required) {
          problems.push_back({value.location(), "'" + info.name + "' is missing: " + info.doc});
        }
      } else if (given->is_unresolved()) {
        std::ignore = option.set(target, *given);  // its problem is already reported
      } else if (auto problem = option.set(target, *given)) {
        problems.push_back({given->location(), "'" + info.name + "' must be " + *problem});
      }
    }
    return target;
  }

  const std::vector<OptionInfo>& infos() const { return infos_; }

 private:
  std::vector<Option<T>> options_;
  std::vector<OptionInfo> infos_;
};

}  // namespace lakeward::config
