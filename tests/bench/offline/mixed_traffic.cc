// Mixed traffic: a network of homes, in little.
//
// Four flows in ten are DNS lookups, three are TLS, two thirds of a tenth each HTTP and something else over TCP, the
// rest are calls. Names follow Zipf's law. Every flow gets the packets that its protocol needs to begin and end;
// what remains of the budget is spread over the TCP flows and the calls with a heavy tail, so that most flows are short
// and a few carry most of the bytes. Data packets have the sizes of the classic IMIX, 40, 576 and 1500 bytes of IP as 7
// to 4 to 1, or more large ones and fewer small ones. A heap of the flows' next moments interleaves them, some thousand
// at a time.
#include <algorithm>
#include <queue>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "host_names.h"
#include "random.h"
#include "support/payloads.h"
#include "support/quic_packets.h"
#include "traffic.h"

namespace netscope::bench {
namespace {

using test::Buffer;

constexpr std::uint64_t kSpanMicroseconds = 600'000'000;
constexpr std::uint64_t kRoundTripMicroseconds = 20'000;
constexpr std::size_t kNoiseBytes = 1 << 16;
constexpr double kHeaviestWeight = 20'000;
constexpr std::uint8_t kFin = 0x11, kSyn = 0x02, kSynAck = 0x12, kPushAck = 0x18, kAck = 0x10;

enum class Protocol : std::uint8_t { dns, tls, http, other_tcp, other_udp };

// What UDP carries beside DNS: calls, QUIC, or QUIC of a version that nobody knows.
enum class UdpKind : std::uint8_t { media, quic, unknown_quic };

struct Flow {
  FlowEnds ends;
  std::uint64_t next_at = 0;
  std::uint64_t gap = 0;  // microseconds between data packets
  std::uint32_t name = 0;
  std::uint32_t data_left = 0;
  std::uint32_t client_sequence = 0;
  std::uint32_t server_sequence = 0;
  std::uint8_t step = 0;
  Protocol protocol = Protocol::dns;
  bool is_big = false;  // a hello of two segments or datagrams
};

bool is_tcp(Protocol protocol) {
  return protocol != Protocol::dns && protocol != Protocol::other_udp;
}

Protocol draw_protocol(Random& random, UdpKind kind) {
  const std::uint64_t other_tcp_ends = kind == UdpKind::media ? 86 : 90;
  const std::uint64_t chance = random.below(100);
  if (chance < 40) return Protocol::dns;
  if (chance < 72) return Protocol::tls;
  if (chance < 79) return Protocol::http;
  return chance < other_tcp_ends ? Protocol::other_tcp : Protocol::other_udp;
}

std::uint16_t server_port_of(Protocol protocol, UdpKind kind) {
  switch (protocol) {
    case Protocol::dns: return 53;
    case Protocol::tls: return 443;
    case Protocol::other_udp: return kind == UdpKind::media ? 16384 : 443;
    case Protocol::http: return 80;
    case Protocol::other_tcp: return 22;
  }
  return 0;
}

// What a flow needs without its data: handshake, first words, farewell.
std::uint64_t frame_of_protocol(const Flow& flow) {
  if (!is_tcp(flow.protocol)) return flow.is_big ? 3 : 2;
  return 3 + (flow.is_big ? 2 : 1) + 1 + 3;
}

FlowEnds draw_ends(std::uint64_t index, std::uint32_t name, Protocol protocol, UdpKind kind, Random& random) {
  constexpr std::uint64_t kClients = 2000;
  const std::uint64_t client = index % kClients;
  const std::uint64_t server = (name * 2654435761ULL >> 4) + random.below(4);
  const auto byte = [](std::uint64_t value) { return static_cast<std::uint8_t>(value & 0xff); };
  FlowEnds ends;
  ends.is_v6 = random.below(10) == 0;
  if (ends.is_v6) {
    ends.client = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, byte(client >> 8), byte(client)};
    ends.server = {0x20, 0x01, 0x0d, 0xb8, byte(server >> 16), byte(server >> 8), 0, 0, 0, 0, 0,
                   0,    0,    0,    0,    byte(server)};
  } else {
    ends.client = {10, 0, byte(client >> 8), byte(client)};
    ends.server = {byte(23 + server % 4), byte(server >> 16), byte(server >> 8), byte(server)};
  }
  if (protocol == Protocol::dns)
    ends.server = ends.is_v6 ? decltype(ends.server){0x26, 0x20, 0, 0xfe} : decltype(ends.server){9, 9, 9, 9};
  ends.client_port = static_cast<std::uint16_t>(1024 + index / kClients % 64000);
  ends.server_port = server_port_of(protocol, kind);
  return ends;
}

class MixedTraffic {
 public:
  MixedTraffic(FrameWriter& out, const TrafficSize& size, UdpKind udp)
      : out_(out), udp_(udp), large_(size.large), random_(size.seed), noise_(test::noise(kNoiseBytes)) {
    draw_flows(size);
  }

  void write() {
    using Moment = std::pair<std::uint64_t, std::uint32_t>;
    std::priority_queue<Moment, std::vector<Moment>, std::greater<>> active;
    std::size_t begun = 0;
    while (begun < flows_.size() || !active.empty()) {
      while (begun < flows_.size() && (active.empty() || flows_[begun].next_at <= active.top().first)) {
        active.emplace(flows_[begun].next_at, static_cast<std::uint32_t>(begun));
        ++begun;
      }
      const std::uint32_t index = active.top().second;
      active.pop();
      Flow& flow = flows_[index];
      if (send(flow)) active.emplace(flow.next_at, index);
    }
  }

 private:
  void draw_flows(const TrafficSize& size);
  void spread_data(std::uint64_t packets);
  // Sends the flow's next packet and says when the one after is due; false after the last.
  bool send(Flow& flow);
  bool send_dns(Flow& flow);
  bool send_media(Flow& flow);
  bool send_quic(Flow& flow);
  const std::vector<Buffer>& hello_datagrams(const Flow& flow);
  bool send_tcp(Flow& flow);
  void send_data(Flow& flow);
  void tcp(Flow& flow, Sender sender, std::uint8_t flags, Bytes payload = {});
  Bytes first_words(const Flow& flow);

  std::size_t draw_imix_size() {
    const std::uint64_t chance = random_.below(12);
    return chance >= 12 - large_ ? 1500 : chance >= 8 - large_ ? 576 : 40;
  }
  Bytes some_noise(std::size_t count) { return Bytes(noise_).subspan(random_.below(kNoiseBytes - 2048), count); }

  FrameWriter& out_;
  UdpKind udp_;
  std::uint64_t large_;
  Random random_;
  Buffer noise_;
  HostNames names_;
  std::vector<Flow> flows_;
  std::unordered_map<std::uint64_t, Buffer> words_;
  std::unordered_map<std::uint64_t, std::vector<Buffer>> datagrams_;
};

void MixedTraffic::draw_flows(const TrafficSize& size) {
  std::uint64_t packets = 0;
  for (std::uint64_t i = 0; i < size.flows; ++i) {
    Flow flow;
    flow.protocol = draw_protocol(random_, udp_);
    flow.name = static_cast<std::uint32_t>(names_.draw(random_));
    flow.ends = draw_ends(i, flow.name, flow.protocol, udp_, random_);
    const bool has_hello =
        flow.protocol == Protocol::tls || (flow.protocol == Protocol::other_udp && udp_ != UdpKind::media);
    flow.is_big = has_hello && random_.below(10) < 4;
    flow.next_at = random_.below(kSpanMicroseconds / 1000 * 9 / 10) * 1000 + random_.below(1000);
    flow.client_sequence = static_cast<std::uint32_t>(random_.next());
    flow.server_sequence = static_cast<std::uint32_t>(random_.next());
    packets += frame_of_protocol(flow);
    flows_.push_back(flow);
  }
  if (packets > size.packets) throw std::invalid_argument("too few packets for so many flows");
  spread_data(size.packets - packets);
  std::stable_sort(flows_.begin(), flows_.end(), [](const Flow& a, const Flow& b) { return a.next_at < b.next_at; });
}

void MixedTraffic::spread_data(std::uint64_t packets) {
  std::vector<double> weights(flows_.size());
  double sum = 0;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    if (flows_[i].protocol == Protocol::dns) continue;
    weights[i] = std::min(1.0 / (random_.unit() + 1e-9), kHeaviestWeight);
    sum += weights[i];
  }
  std::uint64_t left = packets;
  for (std::size_t i = 0; i < flows_.size() && sum > 0; ++i) {
    const auto share = static_cast<std::uint32_t>(weights[i] / sum * static_cast<double>(packets));
    flows_[i].data_left = share;
    left -= share;
  }
  while (left > 0 && sum > 0) {
    Flow& flow = flows_[random_.below(flows_.size())];
    if (flow.protocol == Protocol::dns) continue;
    ++flow.data_left;
    --left;
  }
  for (Flow& flow : flows_) {
    const std::uint64_t rest_of_span = kSpanMicroseconds - flow.next_at;
    flow.gap = std::min(10'000 + random_.below(90'000), rest_of_span / (flow.data_left + 20));
  }
}

bool MixedTraffic::send(Flow& flow) {
  if (flow.protocol == Protocol::dns) return send_dns(flow);
  if (flow.protocol != Protocol::other_udp) return send_tcp(flow);
  return udp_ == UdpKind::media ? send_media(flow) : send_quic(flow);
}

bool MixedTraffic::send_dns(Flow& flow) {
  const std::string& name = names_.name(flow.name);
  const std::uint16_t id = flow.ends.client_port;
  if (flow.step++ == 0) {
    out_.udp(flow.next_at, flow.ends, Sender::client, test::dns_query(name, test::kTypeA, id));
    flow.next_at += kRoundTripMicroseconds;
    return true;
  }
  const std::string address = "198.18." + std::to_string(flow.name / 256 % 256) + "." + std::to_string(flow.name % 256);
  out_.udp(flow.next_at, flow.ends, Sender::server, test::dns_response(name, {{.value = address}}, test::kTypeA, id));
  return false;
}

// A call: RTP (RFC 3550, section 5.1) both ways, of a dynamic payload type.
bool MixedTraffic::send_media(Flow& flow) {
  const std::size_t headers = flow.ends.is_v6 ? 48 : 28;
  const Bytes body = some_noise(std::max(draw_imix_size(), headers + 12) - headers);
  Buffer datagram(body.begin(), body.end());
  constexpr std::array<std::uint8_t, 2> kBeginning{0x80, 96};
  std::copy(kBeginning.begin(), kBeginning.end(), datagram.begin());
  out_.udp(flow.next_at, flow.ends, flow.step++ % 2 == 0 ? Sender::client : Sender::server, datagram);
  flow.next_at += flow.gap;
  if (flow.data_left > 0) --flow.data_left;
  return flow.data_left > 0;
}

// The same for each flow to the same name: two datagrams where the hello is post-quantum, as browsers send it.
const std::vector<Buffer>& MixedTraffic::hello_datagrams(const Flow& flow) {
  std::vector<Buffer>& datagrams = datagrams_[std::uint64_t{flow.name} << 1 | (flow.is_big ? 1u : 0u)];
  if (!datagrams.empty()) return datagrams;
  const Buffer message =
      test::client_hello_message(names_.name(flow.name), {.alpn = {"h3"}, .post_quantum = flow.is_big});
  test::QuicInitialOptions options{.destination = test::noise(8, flow.name + 1)};
  for (const Buffer& frame : test::crypto_frames(message, 1000)) {
    datagrams.push_back(test::quic_initial(frame, options));
    ++options.number;
  }
  // A version of the reserved pattern (RFC 9000, section 15); nothing else differs.
  for (Buffer& datagram : datagrams) {
    if (udp_ == UdpKind::unknown_quic) std::fill_n(datagram.begin() + 1, 4, 0x1a);
  }
  return datagrams;
}

bool MixedTraffic::send_quic(Flow& flow) {
  const std::size_t hellos = flow.is_big ? 2 : 1;
  if (flow.step < hellos) {
    out_.udp(flow.next_at, flow.ends, Sender::client, hello_datagrams(flow).at(flow.step++));
    flow.next_at += flow.step < hellos ? 10 : kRoundTripMicroseconds;
    return true;
  }
  if (flow.step == hellos) {
    Buffer answer = test::quic_handshake({.destination = {}, .source = test::noise(8, flow.name)}, 1100);
    if (udp_ == UdpKind::unknown_quic) std::fill_n(answer.begin() + 1, 4, 0x1a);
    out_.udp(flow.next_at, flow.ends, Sender::server, answer);
    ++flow.step;
  } else {
    const std::size_t headers = flow.ends.is_v6 ? 48 : 28;
    const Bytes body = some_noise(std::max(draw_imix_size(), headers + 12) - headers);
    Buffer datagram(body.begin(), body.end());
    datagram.front() = static_cast<std::uint8_t>(0x40 | (datagram.front() & 0x3f));
    out_.udp(flow.next_at, flow.ends, random_.below(4) == 0 ? Sender::client : Sender::server, datagram);
    --flow.data_left;
  }
  flow.next_at += flow.gap;
  return flow.data_left > 0;
}

void MixedTraffic::tcp(Flow& flow, Sender sender, std::uint8_t flags, Bytes payload) {
  std::uint32_t& sequence = sender == Sender::client ? flow.client_sequence : flow.server_sequence;
  const std::uint32_t other = sender == Sender::client ? flow.server_sequence : flow.client_sequence;
  out_.tcp(flow.next_at, flow.ends, sender,
           {.sequence = sequence, .acknowledgement = flags == kSyn ? 0 : other, .flags = flags}, payload);
  sequence += static_cast<std::uint32_t>(payload.size()) + ((flags & 0x03) != 0 ? 1 : 0);
}

// What the client says first; the same for each flow to the same name.
Bytes MixedTraffic::first_words(const Flow& flow) {
  if (flow.protocol == Protocol::other_tcp) return as_bytes("SSH-2.0-OpenSSH_9.7\r\n");
  const std::uint64_t key =
      std::uint64_t{flow.name} << 2 | (flow.is_big ? 2u : 0u) | (flow.protocol == Protocol::tls ? 1u : 0u);
  Buffer& words = words_[key];
  if (words.empty()) {
    const std::string& name = names_.name(flow.name);
    words = flow.protocol == Protocol::tls
                ? test::client_hello(name, {.post_quantum = flow.is_big, .padded_to = flow.is_big ? 0u : 517u})
                : test::http_request("GET", "/index.html", name, {{"User-Agent", "Mozilla/5.0"}, {"Accept", "*/*"}});
  }
  return words;
}

bool MixedTraffic::send_tcp(Flow& flow) {
  constexpr std::size_t kSegmentBytes = 1440;
  enum Step : std::uint8_t { syn, syn_ack, ack, words, more_words, answer, data, fin, fin_back, last_ack };
  const auto go_on = [&](Step step, std::uint64_t pause) {
    flow.step = step;
    flow.next_at += pause;
    return true;
  };
  switch (static_cast<Step>(flow.step)) {
    case syn: tcp(flow, Sender::client, kSyn); return go_on(syn_ack, kRoundTripMicroseconds);
    case syn_ack: tcp(flow, Sender::server, kSynAck); return go_on(ack, 100);
    case ack: tcp(flow, Sender::client, kAck); return go_on(words, 200);
    case words: {
      const Bytes said = first_words(flow);
      tcp(flow, Sender::client, kPushAck, said.first(std::min(kSegmentBytes, said.size())));
      return flow.is_big ? go_on(more_words, 10) : go_on(answer, kRoundTripMicroseconds);
    }
    case more_words:
      tcp(flow, Sender::client, kPushAck, first_words(flow).subspan(kSegmentBytes));
      return go_on(answer, kRoundTripMicroseconds);
    case answer:
      tcp(flow, Sender::server, kPushAck, some_noise(536));
      return go_on(flow.data_left > 0 ? data : fin, flow.gap);
    case data: send_data(flow); return go_on(--flow.data_left > 0 ? data : fin, flow.gap);
    case fin: tcp(flow, Sender::client, kFin); return go_on(fin_back, kRoundTripMicroseconds);
    case fin_back: tcp(flow, Sender::server, kFin); return go_on(last_ack, 100);
    case last_ack: tcp(flow, Sender::client, kAck); return false;
  }
  return false;
}

void MixedTraffic::send_data(Flow& flow) {
  const std::size_t size = draw_imix_size();
  const std::size_t headers = flow.ends.is_v6 ? 60 : 40;
  if (size <= headers) return tcp(flow, Sender::client, kAck);
  const Sender sender = random_.below(5) == 0 ? Sender::client : Sender::server;
  const bool asks_again = flow.protocol == Protocol::http && sender == Sender::client;
  tcp(flow, sender, kPushAck, asks_again ? first_words(flow) : some_noise(size - headers));
}

}  // namespace

void write_mixed(FrameWriter& out, const TrafficSize& size) {
  MixedTraffic(out, size, UdpKind::media).write();
}

void write_quic(FrameWriter& out, const TrafficSize& size) {
  MixedTraffic(out, size, UdpKind::quic).write();
}

void write_unknown_quic(FrameWriter& out, const TrafficSize& size) {
  MixedTraffic(out, size, UdpKind::unknown_quic).write();
}

}  // namespace netscope::bench
