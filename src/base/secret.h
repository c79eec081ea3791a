// Text that must never be shown.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace lakeward {

// What stands in a log or plan in a secret's place.
inline constexpr const char* kSecretMask = "******";

// From now on mask_secrets() hides this text, for as long as the process lives, as it is and in the
// forms in which it travels: base64, also as a part of more (`user:password`), percent-encoded, in
// a JSON string. Less than 4 bytes are not hidden: output would be full of masks.
// Thread-safe.
void hide_secret(std::string_view text);

// `text` as it may leave the process. Known secrets are the process's, as its output is: whoever
// makes a message, here, in a library or on a server that echoes what it got, need not know them.
// A secret of less than 8 bytes is hidden where it is a word, not within one. Thread-safe.
std::string mask_secrets(std::string text);

// Holds a password or key. Only expose() gives the text; nothing prints it by accident, and
// mask_secrets() hides it.
class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string text) : text_(std::move(text)) { hide_secret(text_); }
  const std::string& expose() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const SecretString&) const = default;

 private:
  std::string text_;
};

}  // namespace lakeward
