#include "netscope/capture/packet_decoder.h"

#include <bit>
#include <optional>
#include <utility>

#include "core/net/plain_packet.h"
#include "netscope/engine/answer_watch.h"
#include "netscope/net/defragmenter.h"

namespace netscope {
namespace {

// The offline fan-out is the same on every run, so that anybody may aim at one share; what he gains is to fill that
// share's table. A few instructions are enough, then, to spread what nobody aims.
// A connection of QUIC may move to another port: all between two addresses is one worker's.
[[gnu::always_inline]] inline std::size_t share_of(PacketKind kind, const FlowKey& key) {
  constexpr std::uint16_t kQuicPort = 443;
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  static_assert(std::has_single_bit(kShares));
  if (kind != PacketKind::of_flow && kind != PacketKind::quoting) return 0;
  const FlowKey::Words words = key.words();
  const bool by_addresses =
      key.ip_protocol == ip_protocol::udp && (key.low_port == kQuicPort || key.high_port == kQuicPort);
  const std::uint64_t ports = by_addresses ? 0 : words[4];
  const std::uint64_t addresses =
      words[0] ^ std::rotl(words[1], 16) ^ std::rotl(words[2], 29) ^ std::rotl(words[3], 45);
  return static_cast<std::size_t>((addresses ^ std::rotl(ports, 7)) * kGoldenRatio >> (64 - std::countr_zero(kShares)));
}

}  // namespace

class PacketDecoder::Steps {
 public:
  Steps(Tunnels tunnels, Answers answers) : tunnels_(tunnels) {
    // Who knows the seed gains only what names could be pushed out for, and a capture is over.
    if (answers == Answers::watched) answers_.emplace(0);
  }
  void decode(Chunk& chunk);
  std::uint64_t packets() const { return number_; }

 private:
  void decode_record(RecordPlace& place, Chunk& chunk);
  void decode_any(Bytes frame, RecordPlace& place, Chunk& chunk);
  void append(const Headers& headers, PacketKind kind, RecordPlace& place, Chunk& chunk);

  Tunnels tunnels_;
  Defragmenter defragmenter_;
  std::optional<AnswerWatch> answers_;
  std::uint64_t number_ = 0;
};

// A function of its own, and a hot one: GCC makes small what is inlined into code that is entered once, however long
// that then runs. Version 6 goes the other way: with both, the function is so large that GCC inlines nothing into it.
[[gnu::hot, gnu::noinline]] void PacketDecoder::Steps::decode_record(RecordPlace& place, Chunk& chunk) {
  const Bytes frame = chunk.bytes.subspan(place.data_begin, place.data_size);
  if (Headers headers; decode_plain_ipv4_frame(frame, place.link, tunnels_, headers)) [[likely]] {
    append(headers, PacketKind::of_flow, place, chunk);
  } else {
    decode_any(frame, place, chunk);
  }
}

void PacketDecoder::Steps::decode_any(Bytes frame, RecordPlace& place, Chunk& chunk) {
  Headers headers = decode_frame(frame, place.link, tunnels_);
  const bool fragment = headers.status == HeaderStatus::ok && headers.fragment.present;
  if (!fragment) return append(headers, kind_of(headers), place, chunk);
  std::vector<std::uint8_t> datagram;
  const PacketKind kind = reassemble(defragmenter_, headers, place.time, datagram);
  append(headers, kind, place, chunk);
  if (!datagram.empty()) chunk.datagrams.push_back(std::move(datagram));
}

// Inline, so that headers which were decoded a moment ago need not exist.
[[gnu::always_inline]] inline void PacketDecoder::Steps::append(const Headers& headers, PacketKind kind,
                                                                RecordPlace& place, Chunk& chunk) {
  const DirectedKey directed = flow_key(headers);
  place.share = static_cast<std::uint8_t>(share_of(kind, directed.key));
  std::vector<Packet>& packets = chunk.shares[place.share].packets;
  place.position = static_cast<std::uint32_t>(packets.size());
  Packet& packet = packets.emplace_back();
  fill_in(packet, headers, directed);
  packet.kind = kind;
  packet.time = place.time;
  packet.size_on_wire = place.size_on_wire;
  packet.number = number_;
  if (headers.outer && kind == PacketKind::of_flow) packet.outer = &chunk.outers.emplace_back(*headers.outer);
  if (!answers_) return;
  if (!headers.outer) packet.sender = link_sender(chunk.bytes.subspan(place.data_begin, place.data_size), place.link);
  if (!AnswerWatch::concerns(packet)) return;
  if (auto answer = answers_->see(packet)) chunk.learned.push_back({std::move(*answer), number_});
}

void PacketDecoder::Steps::decode(Chunk& chunk) {
  for (; chunk.decoded < chunk.records.size(); ++chunk.decoded) {
    RecordPlace& place = chunk.records[chunk.decoded];
    if (place.kind != Record::Kind::packet) continue;
    ++number_;
    if (place.wanted) decode_record(place, chunk);
  }
  for (Share& share : chunk.shares) share.verdicts.resize(share.packets.size());
}

PacketDecoder::PacketDecoder(Tunnels tunnels, Answers answers) : steps_(std::make_unique<Steps>(tunnels, answers)) {}
PacketDecoder::PacketDecoder(PacketDecoder&&) noexcept = default;
PacketDecoder& PacketDecoder::operator=(PacketDecoder&&) noexcept = default;
PacketDecoder::~PacketDecoder() = default;

void PacketDecoder::decode(Chunk& chunk) {
  steps_->decode(chunk);
}

std::uint64_t PacketDecoder::packets() const {
  return steps_->packets();
}

}  // namespace netscope
