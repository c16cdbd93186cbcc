#include "core/output/community_id.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/crypto/digest.h"

namespace netscope {
namespace {

// What is digested: seed, addresses, protocol, a zero, ports.
class Material {
 public:
  void add(std::uint8_t byte) { bytes_[size_++] = byte; }
  void add(std::uint16_t number) {
    add(static_cast<std::uint8_t>(number >> 8));
    add(static_cast<std::uint8_t>(number));
  }
  void add(const IpAddress& address) {
    for (const std::uint8_t byte : Bytes{address.bytes}.first(address.bit_count() / 8)) add(byte);
  }
  Bytes bytes() const { return Bytes{bytes_}.first(size_); }

 private:
  std::array<std::uint8_t, 2 + 16 + 16 + 2 + 2 + 2> bytes_{};
  std::size_t size_ = 0;
};

constexpr std::uint16_t kCommunitySeed = 0;

}  // namespace

std::string community_id(const Endpoint& one, const Endpoint& other, std::uint8_t ip_protocol) {
  const bool ordered = std::tie(one.address.bytes, one.port) <= std::tie(other.address.bytes, other.port);
  const Endpoint& first = ordered ? one : other;
  const Endpoint& second = ordered ? other : one;
  Material material;
  material.add(kCommunitySeed);
  material.add(first.address);
  material.add(second.address);
  material.add(ip_protocol);
  material.add(std::uint8_t{0});
  material.add(first.port);
  material.add(second.port);
  return "1:" + crypto::sha1_base64(material.bytes());
}

}  // namespace netscope
