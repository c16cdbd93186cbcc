#include "app/output/community_id.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include <array>
#include <tuple>

namespace netscope {
namespace {

void hash_address(sha1_ctx& context, const IpAddress& address) {
  sha1_update(&context, address.bit_count() / 8, address.bytes.data());
}

void hash_port(sha1_ctx& context, std::uint16_t port) {
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
  sha1_update(&context, bytes.size(), bytes.data());
}

}  // namespace

std::string community_id(const Endpoint& one, const Endpoint& other, std::uint8_t ip_protocol) {
  const bool ordered = std::tie(one.address.bytes, one.port) <= std::tie(other.address.bytes, other.port);
  const Endpoint& first = ordered ? one : other;
  const Endpoint& second = ordered ? other : one;
  sha1_ctx context;
  sha1_init(&context);
  hash_port(context, 0);  // the seed
  hash_address(context, first.address);
  hash_address(context, second.address);
  const std::array<std::uint8_t, 2> protocol{ip_protocol, 0};
  sha1_update(&context, protocol.size(), protocol.data());
  hash_port(context, first.port);
  hash_port(context, second.port);
  std::array<std::uint8_t, SHA1_DIGEST_SIZE> digest;
  sha1_digest(&context, digest.size(), digest.data());
  std::array<char, BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE)> text;
  base64_encode_raw(text.data(), digest.size(), digest.data());
  return "1:" + std::string(text.data(), text.size());
}

}  // namespace netscope
