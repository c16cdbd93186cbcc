#include "recut.h"

#include <algorithm>

#include "support/quic_packets.h"

namespace netscope::corpus {
namespace {

constexpr std::uint64_t kAnySeed = 7;
constexpr std::size_t kPieces = 3;

// A CRYPTO frame in three, of which the last may be empty.
void split(const quic::CryptoFrame& frame, std::vector<test::Buffer>& out) {
  const std::size_t size = frame.data.size() / kPieces + 1;
  for (std::size_t at = 0; at < frame.data.size(); at += size) {
    out.push_back(
        test::crypto_frame(frame.offset + at, frame.data.subspan(at, std::min(size, frame.data.size() - at))));
  }
}

test::Buffer joined(std::span<const test::Buffer> parts) {
  test::Buffer all;
  for (const test::Buffer& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::vector<Packet> Recutter::recut(std::span<const Packet> packets) {
  std::vector<Packet> out;
  datagrams_.clear();
  for (const Packet& packet : packets) {
    const bool readable = packet.kind == PacketKind::of_flow && !packet.payload.empty() && !packet.cut_off;
    if (readable && cut_.segment_bytes != 0 && packet.key.ip_protocol == ip_protocol::tcp) {
      cut_segment(packet, out);
    } else if (readable && cut_.quic && packet.key.ip_protocol == ip_protocol::udp) {
      cut_datagram(packet, out);
    } else {
      out.push_back(packet);
    }
  }
  return out;
}

void Recutter::cut_segment(const Packet& packet, std::vector<Packet>& out) const {
  constexpr std::uint8_t kOfTheLast = tcp_flag::fin | tcp_flag::rst;
  std::size_t size = cut_.segment_bytes;
  // A pair at least, where two bytes are there.
  if (cut_.reversed_pairs && packet.payload.size() <= size) size = (packet.payload.size() + 1) / 2;
  const std::size_t first = out.size();
  const std::uint32_t begin = packet.tcp_sequence + ((packet.tcp_flags & tcp_flag::syn) != 0 ? 1 : 0);
  for (std::size_t at = 0; at < packet.payload.size(); at += size) {
    Packet& piece = out.emplace_back(packet);
    piece.payload = packet.payload.subspan(at, std::min(size, packet.payload.size() - at));
    const bool last = at + size >= packet.payload.size();
    if (at > 0) piece.tcp_sequence = begin + static_cast<std::uint32_t>(at);
    if (at > 0) piece.tcp_flags = static_cast<std::uint8_t>(piece.tcp_flags & ~tcp_flag::syn);
    if (!last) piece.tcp_flags = static_cast<std::uint8_t>(piece.tcp_flags & ~kOfTheLast);
  }
  if (!cut_.reversed_pairs || (packet.tcp_flags & (kOfTheLast | tcp_flag::syn)) != 0) return;
  for (std::size_t i = first; i + 1 < out.size(); i += 2) std::swap(out[i], out[i + 1]);
}

void Recutter::cut_datagram(const Packet& packet, std::vector<Packet>& out) {
  test::Buffer left;
  bool any = false;
  for (Bytes rest = packet.payload; !rest.empty();) {
    const auto header = quic::parse_long_header(rest);
    const Bytes part = header.ok() ? header->packet : rest;
    if (header.ok() && cut_initial(packet, *header, out)) {
      any = true;
    } else {
      left.insert(left.end(), part.begin(), part.end());
    }
    rest = rest.subspan(part.size());
  }
  if (!any) {
    out.push_back(packet);
  } else if (!left.empty()) {
    send(packet, std::move(left), out);
  }
}

bool Recutter::cut_initial(const Packet& packet, const quic::LongHeader& header, std::vector<Packet>& out) {
  if (header.type != quic::PacketType::initial) return false;
  std::vector<Connection>& known = connections_[hash(packet.key, kAnySeed)];
  std::vector<Connection> candidates = known;
  const Connection own{header.version, {header.destination.begin(), header.destination.end()}};
  const auto is_own = [&](const Connection& one) { return one.version == own.version && one.id == own.id; };
  if (std::ranges::none_of(known, is_own)) candidates.push_back(own);
  for (Connection& candidate : candidates) {
    const auto keys = quic::initial_keys(header.version, candidate.id);
    test::Buffer scratch(header.packet.size());
    const auto frames = keys && candidate.version == header.version ? quic::open_initial(header, *keys, scratch)
                                                                    : Parsed<Bytes>(ParseStatus::no_match);
    if (!frames.ok()) continue;
    std::vector<test::Buffer> pieces;
    Reader reader = Reader::whole(*frames);
    for (auto frame = quic::next_crypto_frame(header.version, reader); frame.ok();
         frame = quic::next_crypto_frame(header.version, reader)) {
      split(*frame, pieces);
    }
    std::shuffle(pieces.begin(), pieces.end(), random_);
    if (pieces.empty()) return false;
    if (&candidate == &candidates.back() && candidates.size() > known.size()) known.push_back(candidate);
    const std::size_t half = pieces.size() / 2;
    for (const std::span<const test::Buffer> some : {std::span(pieces).first(half), std::span(pieces).subspan(half)}) {
      test::QuicInitialOptions options{.version = header.version, .destination = own.id, .keys_of = candidate.id};
      options.number = static_cast<std::uint32_t>(out.size());
      options.datagram_bytes = 0;
      if (!some.empty()) send(packet, test::quic_initial(joined(some), options), out);
    }
    return true;
  }
  return false;
}

void Recutter::send(const Packet& like, test::Buffer datagram, std::vector<Packet>& out) {
  Packet& packet = out.emplace_back(like);
  packet.payload = datagrams_.emplace_back(std::move(datagram));
}

}  // namespace netscope::corpus
