// What a packet costs in flows that are made to cost: microseconds a packet on average over the first thousand of each,
// of a worker whose rules ask for names. None may take more than 4.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "netscope/capture/packet_decoder.h"
#include "netscope/engine/worker.h"
#include "support/conversation.h"
#include "support/http2_frames.h"
#include "support/payloads.h"
#include "support/quic_packets.h"

namespace netscope {
namespace {

using test::Buffer;
using test::ByteWriter;

constexpr std::size_t kPackets = 1000;

std::shared_ptr<const RuleSet> rules() {
  constexpr std::string_view kRules = "[[rule]]\nname='b'\naction='drop'\ndomain=['blocked.example']\n";
  Policy policy = parse_policy(kRules, "bench.toml", Catalogue::built_in()).value();
  return std::make_shared<const RuleSet>(RuleSet::compile(std::move(policy), Catalogue::built_in()));
}

// The frames of a conversation, decoded once; a new worker judges them each time.
class Traffic {
 public:
  explicit Traffic(const std::vector<test::TimedPacket>& packets) {
    for (const test::TimedPacket& timed : packets) {
      const Buffer& frame = frames_.emplace_back(timed.packet.bytes());
      Packet packet =
          make_packet(decode_frame(frame, static_cast<LinkType>(timed.packet.link_type()), Tunnels::look_through));
      packet.time = timed.at;
      packet.number = packets_.size() + 1;
      packet.size_on_wire = static_cast<std::uint32_t>(frame.size());
      packets_.push_back(packet);
    }
  }

  // All but the last `measured` packets are judged ahead of the clock.
  void judge(benchmark::State& state, std::size_t measured = kPackets) const {
    static const std::shared_ptr<const RuleSet> set = rules();
    std::vector<Verdict> verdicts(packets_.size());
    const std::size_t ahead = packets_.size() - std::min(measured, packets_.size());
    for (auto _ : state) {
      state.PauseTiming();
      auto worker = std::make_unique<Worker>(set, WorkerOptions{.flow_capacity = 64, .inspection_bytes = 64u << 20});
      one_by_one(*worker, 0, ahead, verdicts);
      state.ResumeTiming();
      one_by_one(*worker, ahead, packets_.size(), verdicts);
      state.PauseTiming();
      worker.reset();
      state.ResumeTiming();
    }
    state.counters["us/packet"] =
        benchmark::Counter(static_cast<double>(packets_.size() - ahead) * 1e-6,
                           benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  }

 private:
  void one_by_one(Worker& worker, std::size_t begin, std::size_t end, std::vector<Verdict>& verdicts) const {
    for (std::size_t at = begin; at < end; ++at) {
      worker.process(std::span(packets_).subspan(at, 1), std::span(verdicts).subspan(at, 1));
    }
  }

  std::deque<Buffer> frames_;
  std::vector<Packet> packets_;
};

test::TcpConversation connected(std::uint16_t port = 443) {
  test::TcpConversation flow({.server_port = port});
  flow.handshake();
  return flow;
}

Buffer of_size(Buffer bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

Buffer repeated(std::string_view text, std::size_t size) {
  Buffer out;
  while (out.size() < size) out.insert(out.end(), text.begin(), text.end());
  return out;
}

// `start` at once in large segments, then what follows a byte a packet.
Traffic bytewise(const Buffer& start, const Buffer& rest, std::uint16_t port = 443) {
  test::TcpConversation flow = connected(port);
  std::uint32_t at = 0;
  for (; at < start.size(); at += 1400)
    flow.client_at(at, Bytes(start).subspan(at).first(std::min<std::size_t>(1400, start.size() - at)));
  for (std::uint32_t i = 0; i < kPackets; ++i)
    flow.client_at(static_cast<std::uint32_t>(start.size()) + i, Bytes(rest).subspan(i % rest.size(), 1));
  return Traffic(flow.packets());
}

Traffic in_segments(const Buffer& bytes, std::size_t size, std::uint16_t port = 443) {
  test::TcpConversation flow = connected(port);
  std::size_t packets = 0;
  for (std::size_t at = 0; at < bytes.size() && packets < kPackets; at += size, ++packets) {
    flow.client_at(static_cast<std::uint32_t>(at), Bytes(bytes).subspan(at).first(std::min(size, bytes.size() - at)));
  }
  return Traffic(flow.packets());
}

// A hello of the largest size with its name at the end of its extensions.
Buffer large_hello() {
  const Buffer extensions = ByteWriter().u16(21).counted_u16(Buffer(60'000, 0));
  const Buffer body =
      ByteWriter().u16(0x0303).fill(32, 7).u8(0).counted_u16(Buffer(60'000, 1)).u16(0x0100).counted_u16(extensions);
  return ByteWriter().u8(1).counted_u24(body);
}

Buffer tiny_extensions() {
  ByteWriter extensions;
  for (int i = 0; i < 16'000; ++i) extensions.u16(0x1234).u16(0);
  const Buffer body =
      ByteWriter().u16(0x0303).fill(32, 7).u8(0).u16(2).u16(0x1301).u16(0x0100).counted_u16(extensions.buffer());
  return ByteWriter().u8(1).counted_u24(body);
}

Buffer head_start() {
  return ByteWriter().text("GET / HTTP/1.1\r\n");
}

Buffer long_head(std::string_view lines, std::size_t size) {
  return test::join({head_start(), repeated(lines, size)});
}

void honest_hello(benchmark::State& state) {
  Traffic(connected().client(test::client_hello("fine.example", {.post_quantum = true})).packets()).judge(state, 2);
}
BENCHMARK(honest_hello);

void head_byte_by_byte(benchmark::State& state) {
  bytewise(long_head("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 90'000), repeated("Y: zzzzzzzzz\r\n", 100), 80)
      .judge(state);
}
BENCHMARK(head_byte_by_byte);

void head_without_a_line_end(benchmark::State& state) {
  bytewise(long_head("X", 90'000), repeated("x", 100), 80).judge(state);
}
BENCHMARK(head_without_a_line_end);

void method_byte_by_byte(benchmark::State& state) {
  bytewise(repeated("X", 7000), repeated("X", 100), 80).judge(state);
}
BENCHMARK(method_byte_by_byte);

void empty_lines_ahead(benchmark::State& state) {
  bytewise(repeated("\r\n", 90'000), repeated("\n", 100), 80).judge(state);
}
BENCHMARK(empty_lines_ahead);

void last_byte_again(benchmark::State& state) {
  const Buffer head = long_head("X: y\r\n", 15'500);
  test::TcpConversation flow = connected(80);
  flow.client(head);
  for (std::size_t i = 0; i < kPackets; ++i)
    flow.client_at(static_cast<std::uint32_t>(head.size()) - 1, Bytes(head).last(1));
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(last_byte_again);

void folded_lines(benchmark::State& state) {
  bytewise(long_head("\r\n \r\n\tx", 90'000), repeated("\r\n x", 100), 80).judge(state);
}
BENCHMARK(folded_lines);

void host_and_empty_folds(benchmark::State& state) {
  bytewise(test::join({head_start(), ByteWriter().text("Host:\r\n").buffer(), repeated(" \r\n", 90'000)}),
           repeated(" \r\n", 99), 80)
      .judge(state);
}
BENCHMARK(host_and_empty_folds);

void host_again_and_again(benchmark::State& state) {
  bytewise(long_head("Host: a\r\n", 90'000), repeated("Host: a\r\n", 99), 80).judge(state);
}
BENCHMARK(host_again_and_again);

void lines_of_one_byte(benchmark::State& state) {
  bytewise(long_head("x\n", 90'000), repeated("x\n", 100), 80).judge(state);
}
BENCHMARK(lines_of_one_byte);

void trailer_of_short_lines(benchmark::State& state) {
  const Buffer start = test::join(
      {test::http_request("POST", "/", "fine.example", {{"Transfer-Encoding", "chunked"}}), repeated("0\r\n", 3)});
  bytewise(test::join({start, repeated("x\n", 90'000)}), repeated("x\n", 100), 80).judge(state);
}
BENCHMARK(trailer_of_short_lines);

void records_of_one_byte(benchmark::State& state) {
  const Buffer records = test::tls_handshake_records(large_hello(), 1);
  bytewise(of_size(records, 700'000), Buffer(records.begin(), records.begin() + 600)).judge(state);
}
BENCHMARK(records_of_one_byte);

void records_of_one_byte_in_large_segments(benchmark::State& state) {
  in_segments(test::tls_handshake_records(large_hello(), 1), 700).judge(state);
}
BENCHMARK(records_of_one_byte_in_large_segments);

void tiny_extensions_byte_by_byte(benchmark::State& state) {
  const Buffer records = test::tls_handshake_records(tiny_extensions());
  bytewise(of_size(records, 60'000), repeated(std::string_view("\x12\x34\0\0", 4), 100)).judge(state);
}
BENCHMARK(tiny_extensions_byte_by_byte);

void bytes_scattered_in_reverse(benchmark::State& state) {
  test::TcpConversation flow = connected();
  const Buffer hello = test::client_hello("fine.example", {.padded_to = 3000});
  for (std::uint32_t i = 0; i < kPackets; ++i)
    flow.client_at(2 * (static_cast<std::uint32_t>(kPackets) - i), Bytes(hello).subspan(i, 1));
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(bytes_scattered_in_reverse);

void bytes_in_reverse_ahead_of_a_stretch(benchmark::State& state) {
  test::TcpConversation flow = connected();
  for (std::uint32_t at = 2000; at < 700'000; at += 1400) flow.client_at(at, Buffer(1400, 1));
  for (std::uint32_t i = 0; i < kPackets; ++i) flow.client_at(1999 - i, Buffer{1});
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(bytes_in_reverse_ahead_of_a_stretch);

void two_copies_of_each_byte(benchmark::State& state) {
  test::TcpConversation flow = connected(80);
  const Buffer head = long_head("X: y\r\n", 20'000);
  flow.client(head);
  for (std::uint32_t i = 0; i < kPackets; ++i) flow.client_at(20 * i, Buffer{'!'});
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(two_copies_of_each_byte);

void fake_ahead_of_a_head_byte_by_byte(benchmark::State& state) {
  test::TcpConversation flow = connected(80);
  flow.client_at(0, repeated("GET / HTTP/1.1\r\nFake: ", 20));
  const Buffer head = long_head("X: y\r\n", 20'000);
  flow.client(head);
  for (std::uint32_t i = 0; i < kPackets; ++i) flow.client_at(static_cast<std::uint32_t>(head.size()) + i, Buffer{'x'});
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(fake_ahead_of_a_head_byte_by_byte);

void crypto_frames_of_one_byte(benchmark::State& state) {
  test::UdpConversation flow({});
  const Buffer message = test::client_hello_message("fine.example", {.padded_to = 1500});
  for (std::uint32_t i = 0; i < kPackets; ++i) {
    flow.client(
        test::quic_initial(test::crypto_frame(i, Bytes(message).subspan(i, 1)), {.number = i, .datagram_bytes = 0}));
  }
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(crypto_frames_of_one_byte);

void many_crypto_frames_a_datagram(benchmark::State& state) {
  test::UdpConversation flow({});
  const Buffer message = large_hello();
  for (std::uint32_t i = 0; i < kPackets; ++i) {
    Buffer frames;
    for (std::uint32_t k = 0; k < 250; ++k) {
      const Buffer frame = test::crypto_frame(2 * (250 * i + k) % 60'000, Bytes(message).first(1));
      frames.insert(frames.end(), frame.begin(), frame.end());
    }
    flow.client(test::quic_initial(of_size(frames, std::min<std::size_t>(frames.size(), 1300)),
                                   {.number = i, .datagram_bytes = 0}));
  }
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(many_crypto_frames_a_datagram);

void initials_that_do_not_authenticate(benchmark::State& state) {
  test::UdpConversation flow({});
  Buffer datagram = test::quic_hello("fine.example");
  datagram.back() ^= 1;
  for (std::uint32_t i = 0; i < kPackets; ++i) flow.client(datagram);
  Traffic(flow.packets()).judge(state);
}
BENCHMARK(initials_that_do_not_authenticate);

void http2_frames_of_one_byte(benchmark::State& state) {
  Buffer frames = test::http2_preface();
  while (frames.size() < 40'000) {
    const Buffer frame = ByteWriter().u24(1).u8(0xee).u8(0).u32(0).u8(0);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  bytewise(frames, Buffer{0, 0, 1, 0xee, 0, 0, 0, 0, 0, 0}, 80).judge(state);
}
BENCHMARK(http2_frames_of_one_byte);

void http2_requests(benchmark::State& state) {
  Buffer frames = test::http2_preface();
  while (frames.size() < 40'000) {
    const Buffer frame = test::http2_get("fine.example", "/");
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  in_segments(frames, 40, 80).judge(state);
}
BENCHMARK(http2_requests);

void dns_byte_by_byte(benchmark::State& state) {
  Buffer message = test::over_tcp(test::dns_query("fine.example"));
  message[0] = 0xff;
  bytewise(of_size(message, 60'000), Buffer(100, 0), 53).judge(state);
}
BENCHMARK(dns_byte_by_byte);

void dns_of_many_questions_byte_by_byte(benchmark::State& state) {
  ByteWriter questions;
  for (int i = 0; i < 8000; ++i) questions.u8(1).u8('a').u8(0).u16(1).u16(1);
  const Buffer message =
      ByteWriter().u16(0xfff0).u16(1).u16(0x0100).u16(9000).u16(0).u16(0).u16(0).bytes(questions.buffer());
  bytewise(of_size(message, 50'000), repeated(std::string_view("\1a\0\0\1\0\1", 7), 700), 53).judge(state);
}
BENCHMARK(dns_of_many_questions_byte_by_byte);

void empty_chunks(benchmark::State& state) {
  const Buffer start = test::http_request("POST", "/", "fine.example", {{"Transfer-Encoding", "chunked"}});
  bytewise(test::join({start, repeated("1\r\nx\r\n", 90'000)}), repeated("1\r\nx\r\n", 96), 80).judge(state);
}
BENCHMARK(empty_chunks);

void chunk_extension_byte_by_byte(benchmark::State& state) {
  const Buffer start = test::http_request("POST", "/", "fine.example", {{"Transfer-Encoding", "chunked"}});
  bytewise(test::join({start, repeated("1;", 2), repeated("x", 90'000)}), repeated("x", 100), 80).judge(state);
}
BENCHMARK(chunk_extension_byte_by_byte);

void text_that_looks_like_hellos(benchmark::State& state) {
  in_segments(test::join({repeated("EHLO me\r\n", 9), repeated(std::string_view("\x16\x03\x01\0\1\1", 6), 60'000)}), 6,
              25)
      .judge(state);
}
BENCHMARK(text_that_looks_like_hellos);

void text_that_looks_like_hellos_in_large_segments(benchmark::State& state) {
  in_segments(test::join({repeated("EHLO me\r\n", 9), repeated(std::string_view("\x16\x03\x01\0\1\1", 6), 1'400'000)}),
              1400, 25)
      .judge(state);
}
BENCHMARK(text_that_looks_like_hellos_in_large_segments);

void noise_in_large_segments(benchmark::State& state) {
  in_segments(Buffer(1'400'000, 0xee), 1400).judge(state);
}
BENCHMARK(noise_in_large_segments);

}  // namespace
}  // namespace netscope
