// The port's side in the browser: functions that the page brings along.

#include "core/crypto/digest.h"

#include <array>

namespace netscope::crypto {
namespace {

// From the page: writes 28 characters to `text`.
extern "C" [[clang::import_module("netscope_crypto"), clang::import_name("sha1_base64")]] void netscope_sha1_base64(
    const std::uint8_t* bytes, std::size_t size, char* text);
// From the page: 32 bytes to `out`.
extern "C" [[clang::import_module("netscope_crypto"), clang::import_name("sha256")]] void netscope_sha256(
    const std::uint8_t* bytes, std::size_t size, std::uint8_t* out);

}  // namespace

std::string sha1_base64(Bytes bytes) {
  std::array<char, 28> text;
  netscope_sha1_base64(bytes.data(), bytes.size(), text.data());
  return {text.data(), text.size()};
}

Sha256 sha256(Bytes bytes) {
  Sha256 digest;
  netscope_sha256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace netscope::crypto
