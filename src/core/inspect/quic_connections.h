// What is remembered of the QUIC connections that one flow of datagrams tries to open, until their hellos are read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/dpi/quic.h"
#include "core/dpi/tls.h"
#include "core/dpi/tls_progress.h"
#include "core/inspect/connection_ids.h"
#include "core/inspect/stream_prefix.h"
#include "netscope/base/bytes.h"

namespace netscope {

// Connections of one flow that are kept apart, each under the id that its client made up. One more takes the place of
// one whose hello was read, or else of the one that was silent longest.
inline constexpr std::size_t kMaxQuicConnections = 8;
// Bytes of a connection's handshake that are kept: the largest hello, and behind it another one.
inline constexpr std::uint64_t kMaxQuicHandshake = 2 * tls::kMaxClientHello;
// Datagrams after which a hello that did not complete is given up: bounds what a peer can make us decrypt.
inline constexpr std::uint16_t kMaxQuicDatagrams = 1024;

// One connection, as far as its client's Initial packets tell.
struct QuicConnection {
  std::array<std::uint8_t, quic::kMaxConnectionId> id{};  // the first destination, from which the keys follow
  std::uint8_t id_size = 0;
  bool understood = false;      // a whole hello was read
  std::uint16_t last_used = 0;  // the flow's datagram that last belonged to it
  std::uint32_t version = 0;
  // A hello of the handshake that is under way, in the first copies of its bytes and in the last ones.
  struct Hello {
    std::uint32_t begin = 0;  // what lies before was told
    tls::HelloProgress progress{};
  };
  Hello first, last;
  quic::InitialKeys keys{};
  StreamPrefix handshake;  // what CRYPTO frames brought, by their offsets

  Bytes destination() const { return Bytes{id}.first(id_size); }
};

struct QuicInspection {
  std::vector<QuicConnection> connections;  // at most kMaxQuicConnections
  std::uint16_t datagrams = 0;
  std::unique_ptr<QuicHello> hello;  // the last whole one
  bool negotiated = false;           // the server named its versions: another Initial is to come
  bool claimed = false;              // it was reported that this is QUIC
  bool understood = false;           // some hello was read to its end
  bool server_answered = false;      // with packets that need the client's hello
  bool client_went_on = false;       // after that

  // Whether a hello was begun that has not been read to its end.
  bool hello_is_under_way() const {
    return std::ranges::any_of(connections, std::logical_not(), &QuicConnection::understood);
  }

  std::size_t memory_bytes() const {
    std::size_t size = sizeof(*this) + connections.capacity() * sizeof(QuicConnection);
    if (hello != nullptr) size += sizeof(*hello) + hello->name.capacity() + hello->facts.alpn.capacity();
    for (const QuicConnection& connection : connections) size += connection.handshake.memory_bytes();
    return size;
  }
};

}  // namespace netscope
