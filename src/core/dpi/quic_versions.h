// What differs between the versions of QUIC whose Initial packets can be read.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace netscope::quic {

using Salt = std::array<std::uint8_t, 20>;

// How the two type bits of a long header are to be read, and how the keys are called (RFC 9369, section 3).
enum class Dialect : std::uint8_t { v1, v2, google };

struct VersionTraits {
  std::uint32_t version;
  Dialect dialect;
  const Salt* salt;
  std::string_view name;
};

// Null for a version that is not known.
const VersionTraits* find_version(std::uint32_t version);
// How many are known.
std::size_t known_versions();
// Whether a version that is not known may open a connection: neither 0 nor reserved for negotiation, nor Google's.
bool may_be_version(std::uint32_t version);

}  // namespace netscope::quic
