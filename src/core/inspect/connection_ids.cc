#include "core/inspect/connection_ids.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace netscope {
namespace {

// The two upper bits of a short header's first byte (RFC 9000, section 17.3.1).
constexpr std::uint8_t kHeaderForm = 0xc0, kShortHeader = 0x40;

}  // namespace

std::size_t ConnectionIds::Hash::operator()(const Key& key) const {
  std::uint64_t state = seed;
  for (std::size_t i = 0; i < key.size(); i += 2) {
    state = detail::fold(state ^ 0xa0761d6478bd642f ^ key[i], seed ^ 0xe7037ed1a0b428db ^ key[i + 1]);
  }
  return static_cast<std::size_t>(state);
}

ConnectionIds::ConnectionIds(std::uint64_t seed) : by_id_(0, Hash{seed}) {}

ConnectionIds::Key ConnectionIds::key_of(const Endpoint& server, Bytes id) {
  std::array<std::uint8_t, sizeof(Key)> bytes{};
  std::ranges::copy(id, std::ranges::copy(server.address.bytes, bytes.begin()).out);
  Key key = std::bit_cast<Key>(bytes);
  key.back() = std::uint64_t{server.port} << 48 | std::uint64_t{id.size()} << 40 |
               std::uint64_t{static_cast<std::uint8_t>(server.address.version)} << 32;
  return key;
}

void ConnectionIds::add(const Endpoint& server, Bytes id, const QuicHello& hello) {
  if (id.size() < kMinConnectionId || id.size() > quic::kMaxConnectionId) return;
  const Key key = key_of(server, id);
  if (const auto known = by_id_.find(key); known != by_id_.end()) {
    known->second->hello = hello;
    connections_.splice(connections_.end(), connections_, known->second);
    return;
  }
  if (connections_.size() == kMaxConnectionIds) {
    const Key& oldest = connections_.front().key;
    --of_length_[oldest.back() >> 40 & 0xff];
    by_id_.erase(oldest);
    connections_.pop_front();
  }
  connections_.push_back({.key = key, .hello = hello});
  by_id_.emplace(key, std::prev(connections_.end()));
  ++of_length_[id.size()];
}

std::uint32_t ConnectionIds::number_of(Bytes id) const {
  return static_cast<std::uint32_t>(
      by_id_.hash_function()(key_of({}, id.first(std::min(id.size(), quic::kMaxConnectionId)))));
}

const QuicHello* ConnectionIds::find(const Endpoint& server, Bytes datagram) {
  if (connections_.empty() || datagram.empty() || (datagram.front() & kHeaderForm) != kShortHeader) return nullptr;
  const Bytes behind_first = datagram.subspan(1);
  for (std::size_t length = std::min(quic::kMaxConnectionId, behind_first.size()); length >= kMinConnectionId;
       --length) {
    if (of_length_[length] == 0) continue;
    const auto known = by_id_.find(key_of(server, behind_first.first(length)));
    if (known == by_id_.end()) continue;
    connections_.splice(connections_.end(), connections_, known->second);
    return &known->second->hello;
  }
  return nullptr;
}

}  // namespace netscope
