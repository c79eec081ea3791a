#include "base/secret.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace lakeward {
namespace {

constexpr size_t kShortestHidden = 4;
constexpr size_t kShortestWithinWords = 8;
// Fewer characters of base64 could be anything.
constexpr size_t kShortestBase64 = 5;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_base64(char c) { return is_word(c) || c == '+' || c == '/' || c == '-' || c == '='; }

// A text to look for.
struct Form {
  enum class Kind {
    kWord,      // where no letter or digit is beside it
    kAnywhere,  //
    kBase64     // with all of the base64 around it
  };
  std::string text;
  Kind kind = Kind::kAnywhere;
  // The longest first: it may hold others.
  bool operator<(const Form& other) const {
    if (text.size() != other.text.size()) return text.size() > other.text.size();
    return text < other.text;
  }
};

// The characters of base64 that `bytes` alone decides, if they begin at a group's.
std::string base64_of(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (count += 8; count >= 6; count -= 6) text += kDigits[bits >> (count - 6) & 63];
  }
  return text;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_word(c) || c == '-' || c == '.' || c == '~') {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

std::string json_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void add_forms(std::string_view secret, std::set<Form>& forms) {
  using Kind = Form::Kind;
  const Kind kind = secret.size() < kShortestWithinWords ? Kind::kWord : Kind::kAnywhere;
  forms.insert({std::string(secret), kind});
  forms.insert({percent_encoded(secret), kind});
  forms.insert({json_escaped(secret), kind});
  for (const std::string& sent : {std::string(secret), percent_encoded(secret)}) {
    // What stands before it decides where the first group of three bytes begins.
    for (const size_t skipped : {0, 1, 2}) {
      std::string text = base64_of(std::string_view(sent).substr(skipped));
      if (text.size() < kShortestBase64) continue;
      std::string for_urls = text;
      std::replace(for_urls.begin(), for_urls.end(), '+', '-');
      std::replace(for_urls.begin(), for_urls.end(), '/', '_');
      forms.insert({std::move(text), Kind::kBase64});
      forms.insert({std::move(for_urls), Kind::kBase64});
    }
  }
}

void mask(const Form& form, std::string& text) {
  size_t at = 0;
  while ((at = text.find(form.text, at)) != std::string::npos) {
    size_t begin = at;
    size_t end = at + form.text.size();
    at = end;
    if (form.kind == Form::Kind::kWord &&
        ((begin > 0 && is_word(text[begin - 1])) || (end < text.size() && is_word(text[end])))) {
      continue;
    }
    if (form.kind == Form::Kind::kBase64) {
      while (begin > 0 && is_base64(text[begin - 1])) --begin;
      while (end < text.size() && is_base64(text[end])) ++end;
    }
    text.replace(begin, end - begin, kSecretMask);
    at = begin + std::string_view(kSecretMask).size();
  }
}

class KnownSecrets {
 public:
  void add(std::string_view secret) {
    const std::lock_guard lock(mutex_);
    if (!secrets_.emplace(secret).second) return;
    auto forms = std::make_shared<std::set<Form>>(*forms_);
    add_forms(secret, *forms);
    forms_ = std::move(forms);
  }
  std::shared_ptr<const std::set<Form>> forms() const {
    const std::lock_guard lock(mutex_);
    return forms_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> secrets_;
  std::shared_ptr<const std::set<Form>> forms_ = std::make_shared<std::set<Form>>();
};

// Never destroyed: threads may still write when the process ends.
KnownSecrets& known_secrets() {
  static auto* const known = new KnownSecrets();
  return *known;
}

}  // namespace

void hide_secret(std::string_view text) {
  if (text.size() >= kShortestHidden) known_secrets().add(text);
}

std::string mask_secrets(std::string text) {
  const auto forms = known_secrets().forms();
  for (const Form& form : *forms) mask(form, text);
  return text;
}

}  // namespace lakeward
