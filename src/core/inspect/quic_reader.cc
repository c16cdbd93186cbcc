// Datagrams to hellos. A client's handshake arrives as CRYPTO frames in any order, over any number of packets, and the
// packets of several connections may lie among each other: a tool that wants to slip past sends fakes under connection
// ids of their own, or under the true one with other bytes. So connections are kept apart by their keys, each with its
// own reassembly; every hello that becomes readable is reported, and where copies of the same bytes differ both
// readings are.
#include "core/inspect/quic_reader.h"

#include <algorithm>

#include "core/inspect/describe.h"

namespace netscope {
QuicReader::QuicReader() : scratch_(std::make_unique<std::array<std::uint8_t, quic::kMaxDatagram>>()) {}

bool QuicReader::may_begin(Bytes datagram) const {
  if (datagram.empty() || !quic::may_be_google(datagram.front())) return false;
  const auto header = quic::parse_long_header(datagram);
  return header.ok() || quic::parse_google_datagram(datagram).ok();
}

std::optional<Bytes> QuicReader::opened_connection(Bytes datagram) {
  if (datagram.size() < quic::kMinClientDatagram || !quic::may_be_long_header(datagram.front())) return std::nullopt;
  const auto header = quic::parse_long_header(datagram);
  if (!header.ok() || header->type != quic::PacketType::initial) return std::nullopt;
  Bytes frames;
  if (!open_first(*header, frames)) return std::nullopt;
  return header->destination;
}

// With the keys of the id that the packet is sent to.
std::optional<quic::InitialKeys> QuicReader::open_first(const quic::LongHeader& header, Bytes& frames) {
  for (const std::uint32_t version : quic::versions_to_try(header.version)) {
    const auto keys = quic::initial_keys(version, header.destination);
    if (keys && open_with(*keys, header, frames)) return keys;
  }
  return std::nullopt;
}

bool QuicReader::open_with(const quic::InitialKeys& keys, const quic::LongHeader& header, Bytes& frames) {
  const auto opened = quic::open_initial(header, keys, *scratch_);
  if (opened.ok()) frames = *opened;
  return opened.ok();
}

QuicDatagram QuicReader::begin(QuicInspection& inspection, Bytes datagram) {
  inspection_ = &inspection;
  changed_ = 0;
  second_reading_ = from_server_ = proven_ = false;
  google_ = ParseStatus::no_match;
  sender_id_ = {};
  inspection.datagrams = static_cast<std::uint16_t>(std::min<int>(inspection.datagrams + 1, kMaxQuicDatagrams));
  QuicDatagram kind = QuicDatagram::short_header;
  while (!datagram.empty() && quic::may_be_long_header(datagram.front())) {
    const auto header = quic::parse_long_header(datagram);
    if (!header.ok()) break;
    version_ = header->version;
    if (header->type == quic::PacketType::initial || header->type == quic::PacketType::handshake) {
      sender_id_ = header->source;
    }
    const QuicDatagram packet = read_packet(*header);
    if (kind == QuicDatagram::short_header || packet == QuicDatagram::initial) kind = packet;
    if (kind == QuicDatagram::unproven && packet == QuicDatagram::handshake) kind = packet;
    datagram = datagram.subspan(header->packet.size());
  }
  if (kind != QuicDatagram::short_header || datagram.empty()) return kind;
  google_ = quic::parse_google_datagram(datagram);
  if (google_.ok()) {
    proven_ = inspection.understood = true;
    return QuicDatagram::initial;
  }
  return quic::may_be_long_header(datagram.front()) ? QuicDatagram::other : QuicDatagram::short_header;
}

QuicDatagram QuicReader::read_packet(const quic::LongHeader& header) {
  switch (header.type) {
    case quic::PacketType::initial: return read_initial(header) ? QuicDatagram::initial : QuicDatagram::unproven;
    case quic::PacketType::version_negotiation:
      inspection_->negotiated = proven_ = from_server_ = true;
      return QuicDatagram::initial;
    case quic::PacketType::zero_rtt:
    case quic::PacketType::retry: return QuicDatagram::other;
    case quic::PacketType::handshake: return QuicDatagram::handshake;
  }
  return QuicDatagram::other;
}

bool QuicReader::read_initial(const quic::LongHeader& header) {
  Bytes frames;
  QuicConnection* connection = open(header, frames);
  if (connection == nullptr) return false;
  proven_ = true;
  connection->last_used = inspection_->datagrams;
  take_frames(*connection, frames);
  return true;
}

// The keys of a connection that is known, or else those of the id that the packet is sent to.
QuicConnection* QuicReader::open(const quic::LongHeader& header, Bytes& frames) {
  const auto opens = [&](const quic::InitialKeys& keys) { return open_with(keys, header, frames); };
  const auto is_for = [&](const QuicConnection& connection) {
    return connection.version == header.version && std::ranges::equal(connection.destination(), header.destination);
  };
  std::vector<QuicConnection>& known = inspection_->connections;
  const auto same = std::ranges::find_if(known, is_for);
  if (same != known.end() && opens(same->keys)) return &*same;
  for (QuicConnection& connection : known) {
    if (!is_for(connection) && connection.version == header.version && opens(connection.keys)) return &connection;
  }
  if (same != known.end()) return nullptr;
  const auto keys = open_first(header, frames);
  if (!keys) return nullptr;
  QuicConnection& connection = place_for_one_more();
  connection.keys = *keys;
  connection.version = header.version;
  connection.id_size = static_cast<std::uint8_t>(header.destination.size());
  std::ranges::copy(header.destination, connection.id.begin());
  connection.handshake.start(0);
  return &connection;
}

QuicConnection& QuicReader::place_for_one_more() {
  std::vector<QuicConnection>& known = inspection_->connections;
  if (known.size() < kMaxQuicConnections) return known.emplace_back();
  const auto goes_first = [](const QuicConnection& a, const QuicConnection& b) {
    return a.understood != b.understood ? a.understood : a.last_used < b.last_used;
  };
  const auto oldest = std::ranges::min_element(known, goes_first);
  *oldest = QuicConnection();
  return *oldest;
}

void QuicReader::take_frames(QuicConnection& connection, Bytes frames) {
  Reader reader = Reader::whole(frames);
  for (;;) {
    const auto frame = quic::next_crypto_frame(connection.version, reader);
    if (!frame.ok()) return;
    if (frame->data.empty() || frame->offset + frame->data.size() > kMaxQuicHandshake) continue;
    const std::size_t before = connection.handshake.first_copy().size();
    const bool another = connection.handshake.add(static_cast<std::uint32_t>(frame->offset), frame->data);
    if (another) connection.last = {};
    if (!another && connection.handshake.first_copy().size() == before) continue;
    changed_ |= 1u << (&connection - inspection_->connections.data());
  }
}

bool QuicReader::next(Sighting& sighting) {
  if (google_.ok()) {
    describe(*google_, sighting);
    google_ = ParseStatus::no_match;
    inspection_->claimed = true;
    return true;
  }
  for (std::size_t i = 0; i < inspection_->connections.size(); ++i) {
    if ((changed_ >> i & 1) == 0) continue;
    if (next_of(inspection_->connections[i], sighting)) return true;
    changed_ &= ~(1u << i);
    second_reading_ = false;
  }
  if (!proven_ || inspection_->claimed) return false;
  claim(sighting, from_server_ ? Sighting::Side::server : Sighting::Side::client);
  return true;
}

// The protocol is certain, the name is still to come.
void QuicReader::claim(Sighting& sighting, Sighting::Side side) {
  sighting = {};
  sighting.protocol = Protocol::quic;
  sighting.side = side;
  sighting.complete = false;
  sighting.hello.quic_version = version_;
  inspection_->claimed = true;
}

bool QuicReader::next_of(QuicConnection& connection, Sighting& sighting) {
  if (!second_reading_) {
    if (next_hello(connection, connection.first, connection.handshake.first_copy(), sighting)) return true;
    second_reading_ = true;
  }
  return next_hello(connection, connection.last, connection.handshake.last_copy(), sighting);
}

// A hello stands at the beginning, and where the server asked for another one (HelloRetryRequest), behind that. It is
// read where more of it has come that may tell something.
bool QuicReader::next_hello(QuicConnection& connection, QuicConnection::Hello& hello, Bytes handshake,
                            Sighting& sighting) {
  while (hello.begin < handshake.size()) {
    const Bytes rest = handshake.subspan(hello.begin);
    sighting = {};
    if (quic::speaks_google(connection.version)) {
      const auto told = quic::parse_google_hello(rest);
      if (!told.ok()) return false;
      hello.begin = static_cast<std::uint32_t>(handshake.size());
      describe(*told, sighting);
      connection.understood = inspection_->understood = inspection_->claimed = true;
    } else {
      if (!hello.progress.follow_message(rest)) return false;
      const auto told = tls::parse_client_hello(rest);
      if (!told.ok()) return false;
      if (told->complete) hello = {.begin = hello.begin + static_cast<std::uint32_t>(told->message.size())};
      sighting.protocol = Protocol::quic;
      sighting.side = Sighting::Side::client;
      sighting.name = HostName::from_authority(told->server_name);
      sighting.complete = told->complete;
      sighting.hello.alpn = told->alpn;
      sighting.hello.tls_version = told->version;
      sighting.hello.encrypted = told->encrypted;
      sighting.hello.message = told->message;
      if (told->complete) connection.understood = inspection_->understood = true;
      inspection_->claimed = true;
    }
    sighting.hello.quic_version = connection.version;
    if (second_reading_) sighting.complete = false;  // it was counted in the first reading
    return true;
  }
  return false;
}

}  // namespace netscope
