// QUIC connections that move: where a client goes on from another address or port (RFC 9000, section 9), the connection
// id that its server chose leads back to what its hello said.
//
// A client that moves on purpose takes an id that it was given under encryption (RFC 9000, section 9.5), and nobody can
// follow it. One that is moved, by a NAT between it and the gateway that forgot it, does not know, and keeps its id.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "core/dpi/quic.h"
#include "netscope/base/bytes.h"
#include "netscope/dpi/shown.h"
#include "netscope/net/flow_key.h"

namespace netscope {

// Connection ids that are known at once; the one that was met longest ago makes room.
inline constexpr std::size_t kMaxConnectionIds = 4096;
// Shorter ids, in bytes, tell too little: by chance other datagrams would begin with them.
inline constexpr std::size_t kMinConnectionId = 4;

// What a client's whole hello said.
struct QuicHello {
  std::string name{};  // in the compared form; empty: none
  HelloFacts facts{};
};

class ConnectionIds {
 public:
  // Peers choose ids: `seed` is random where they are hostile.
  explicit ConnectionIds(std::uint64_t seed);

  bool empty() const { return connections_.empty(); }
  std::size_t size() const { return connections_.size(); }

  // `server` chose `id` for the connection of that hello. Ids of other lengths than kMinConnectionId to
  // quic::kMaxConnectionId are left.
  void add(const Endpoint& server, Bytes id, const QuicHello& hello);

  // A number for an id of any server's, by which nobody who does not know the seed finds another id with the same.
  std::uint32_t number_of(Bytes id) const;

  // The hello of the connection that a datagram to `server` belongs to, if its header is short (RFC 9000, section
  // 17.3.1: the id stands behind the first byte, and its length is known to its ends alone); null when there is none.
  // Lives until the next call.
  const QuicHello* find(const Endpoint& server, Bytes datagram);

 private:
  // Server, id and the id's length as numbers, which makes them cheap to compare and to hash.
  using Key = std::array<std::uint64_t, 6>;
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const Key& key) const;
  };
  struct Connection {
    Key key;
    QuicHello hello;
  };
  static Key key_of(const Endpoint& server, Bytes id);

  std::list<Connection> connections_;  // the one met longest ago first
  std::unordered_map<Key, std::list<Connection>::iterator, Hash> by_id_;
  std::array<std::size_t, quic::kMaxConnectionId + 1> of_length_{};  // how many ids have that many bytes
};

}  // namespace netscope
