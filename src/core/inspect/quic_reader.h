// Reads the datagrams of a flow for QUIC: which connections they open, and each name that a hello shows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/dpi/quic.h"
#include "core/inspect/quic_connections.h"
#include "core/inspect/stream_reader.h"
#include "netscope/base/bytes.h"

namespace netscope {

// What a datagram turned out to be.
enum class QuicDatagram : std::uint8_t {
  other,         // no QUIC, or a packet of which only its ends can tell
  initial,       // an Initial that opened, Google's hello, or a version negotiation: QUIC beyond doubt
  unproven,      // begins like an Initial of a known version, and did not open: a server's, damaged or a fake
  handshake,     // a long header of a type that follows the hello
  short_header,  // what follows the handshake, or anything else
};

// Use: begin() with a datagram, next() until it returns false. In between, the datagram must live; views in a sighting
// live until the next begin().
class QuicReader {
 public:
  QuicReader();

  // Whether this may be the first datagram of a QUIC flow that can be read: only then it is worth an inspection.
  bool may_begin(Bytes datagram) const;

  // The id that a client made up for its server, where the datagram begins with an Initial that opens with the keys of
  // that id: the first of a connection (RFC 9001, section 5.2). Lives as long as the datagram. Costs a decryption for
  // what has the form of one.
  std::optional<Bytes> opened_connection(Bytes datagram);

  // `sender` is told by the caller's flow: only the proof of an Initial shows which side the client is.
  QuicDatagram begin(QuicInspection& inspection, Bytes datagram);
  bool next(Sighting& sighting);
  // The id that the sender of the datagram goes by, told where a packet of the handshake says so; else empty. Lives as
  // long as the datagram.
  Bytes sender_id() const { return sender_id_; }

 private:
  QuicDatagram read_packet(const quic::LongHeader& header);
  bool read_initial(const quic::LongHeader& header);
  std::optional<quic::InitialKeys> open_first(const quic::LongHeader& header, Bytes& frames);
  bool open_with(const quic::InitialKeys& keys, const quic::LongHeader& header, Bytes& frames);
  QuicConnection* open(const quic::LongHeader& header, Bytes& frames);
  QuicConnection& place_for_one_more();
  void take_frames(QuicConnection& connection, Bytes frames);
  bool next_hello(QuicConnection& connection, QuicConnection::Hello& hello, Bytes handshake, Sighting& sighting);
  bool next_of(QuicConnection& connection, Sighting& sighting);
  void claim(Sighting& sighting, Sighting::Side side);

  QuicInspection* inspection_ = nullptr;
  std::uint32_t version_ = 0;  // of the datagram's first packet
  Bytes sender_id_;
  std::uint32_t changed_ = 0;    // connections that this datagram brought something new for, one bit each
  bool second_reading_ = false;  // of the connection under way: where copies differ, the last ones
  bool from_server_ = false;     // a version negotiation
  bool proven_ = false;          // QUIC beyond doubt
  Parsed<quic::GoogleHello> google_{ParseStatus::no_match};
  std::unique_ptr<std::array<std::uint8_t, quic::kMaxDatagram>> scratch_;
};

}  // namespace netscope
