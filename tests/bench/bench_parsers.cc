// What each parser costs: nanoseconds a packet, over what a client usually sends.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include "core/dpi/dns.h"
#include "core/dpi/dtls.h"
#include "core/dpi/http.h"
#include "core/dpi/http2.h"
#include "core/dpi/ja4.h"
#include "core/dpi/openings.h"
#include "core/dpi/quic.h"
#include "core/dpi/tls.h"
#include "core/inspect/quic_reader.h"
#include "core/inspect/stream_reader.h"
#include "support/dtls_packets.h"
#include "support/http2_frames.h"
#include "support/quic_packets.h"

namespace netscope {
namespace {

using test::Buffer;

const test::HelloOptions kPostQuantum{.alpn = {"h3"}, .post_quantum = true};

void tls_hello(benchmark::State& state) {
  const Buffer hello = test::client_hello("www.example.com", {.padded_to = 517});
  auto scratch = std::make_unique<std::array<std::uint8_t, tls::kMaxClientHello>>();
  for (auto _ : state) benchmark::DoNotOptimize(tls::parse_records(hello, *scratch));
}
BENCHMARK(tls_hello);

void tls_post_quantum_hello(benchmark::State& state) {
  const Buffer hello = test::client_hello("www.example.com", kPostQuantum);
  auto scratch = std::make_unique<std::array<std::uint8_t, tls::kMaxClientHello>>();
  for (auto _ : state) benchmark::DoNotOptimize(tls::parse_records(hello, *scratch));
}
BENCHMARK(tls_post_quantum_hello);

// Once a connection, and only where somebody asks.
void tls_ja4(benchmark::State& state) {
  const Buffer hello = test::client_hello_message("www.example.com");
  for (auto _ : state) benchmark::DoNotOptimize(tls::ja4_of(hello, tls::HelloOver::tcp));
}
BENCHMARK(tls_ja4);

void http_request(benchmark::State& state) {
  const Buffer request =
      test::http_request("GET", "/index.html", "www.example.com", {{"User-Agent", "Mozilla/5.0"}, {"Accept", "*/*"}});
  for (auto _ : state) benchmark::DoNotOptimize(http::parse_request(request));
}
BENCHMARK(http_request);

void http2_request(benchmark::State& state) {
  const Buffer request = test::join({test::http2_preface(), test::http2_get("www.example.com", "/index.html")});
  http2::RequestReader reader;
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(request, 0));
}
BENCHMARK(http2_request);

// The dearest that a client can make us do: as many requests as are read, with as many frames between them as are kept,
// a byte a segment. Nanoseconds a connection.
void http2_hostile_connection(benchmark::State& state) {
  Buffer said = test::http2_preface();
  for (std::uint32_t i = 0; i < http2::kMaxBlocks; ++i) {
    said = test::join({said, test::http2_get("a.example", "/", 2 * i + 1)});
    for (int settings = 0; settings < 4; ++settings) said = test::join({said, test::http2_frame({.type = 4}, {})});
  }
  said.resize(std::min(said.size(), kMaxPrefix));
  StreamReader reader;
  Sighting sighting;
  for (auto _ : state) {
    StreamInspection stream;
    stream.prefix.start(0);
    for (std::uint32_t at = 0; at < said.size(); ++at) {
      reader.begin(stream, at, Bytes(said).subspan(at, 1));
      while (reader.next(sighting)) {
      }
      reader.end();
    }
  }
}
BENCHMARK(http2_hostile_connection);

void dns_query(benchmark::State& state) {
  const Buffer query = test::dns_query("www.example.com");
  auto message = std::make_unique<dns::Message>();
  for (auto _ : state) benchmark::DoNotOptimize(dns::parse_message(query, *message));
}
BENCHMARK(dns_query);

void dtls_hello(benchmark::State& state) {
  const Buffer datagram = test::dtls_client_hello("www.example.com");
  const Buffer body = test::dtls_client_hello_body("www.example.com");
  const Buffer hello = test::join({Buffer{1, 0, 0, static_cast<std::uint8_t>(body.size())}, body});
  if (body.size() > 255 || !tls::parse_dtls_client_hello(hello).ok()) state.SkipWithError("no hello");
  for (auto _ : state) {
    benchmark::DoNotOptimize(dtls::parse_datagram(datagram));
    benchmark::DoNotOptimize(tls::parse_dtls_client_hello(hello));
  }
}
BENCHMARK(dtls_hello);

// What is none of the protocols with parsers of their own is asked for all others, one after the other.
void stream_opening(benchmark::State& state, std::string_view opening) {
  const Bytes stream = as_bytes(opening);
  for (auto _ : state) benchmark::DoNotOptimize(parse_stream_opening(stream));
}
BENCHMARK_CAPTURE(stream_opening, ssh, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
BENCHMARK_CAPTURE(stream_opening, smtp, "220 mail.example.com ESMTP Postfix\r\n");
BENCHMARK_CAPTURE(stream_opening, none, "nothing that anybody has ever written a parser for, and long");

void datagram_opening(benchmark::State& state, std::size_t size) {
  const Buffer datagram = test::noise(size, 7);
  for (auto _ : state) benchmark::DoNotOptimize(parse_datagram_opening(datagram));
}
BENCHMARK_CAPTURE(datagram_opening, none_short, 24);
BENCHMARK_CAPTURE(datagram_opening, none_long, 1200);

// A connection's first datagram, from its bytes to its name: keys, header protection, AEAD, frames, hello.
void quic_initial(benchmark::State& state) {
  const Buffer datagram = test::quic_hello("www.example.com");
  QuicReader reader;
  Sighting sighting;
  for (auto _ : state) {
    QuicInspection inspection;
    reader.begin(inspection, datagram);
    if (!reader.next(sighting) || sighting.name.empty()) state.SkipWithError("no name");
  }
}
BENCHMARK(quic_initial);

void quic_initial_shuffled(benchmark::State& state) {
  std::vector<Buffer> frames = test::crypto_frames(test::client_hello_message("www.example.com"), 60);
  Buffer all;
  for (std::size_t i = 0; i < frames.size(); ++i) all = test::join({all, frames[i * 3 % frames.size()]});
  const Buffer datagram = test::quic_initial(all);
  QuicReader reader;
  Sighting sighting;
  for (auto _ : state) {
    QuicInspection inspection;
    reader.begin(inspection, datagram);
    if (frames.size() % 3 != 0 && !reader.next(sighting)) state.SkipWithError("no name");
  }
}
BENCHMARK(quic_initial_shuffled);

// A hello over two datagrams: a packet costs half of this.
void quic_post_quantum_hello(benchmark::State& state) {
  const auto frames = test::crypto_frames(test::client_hello_message("www.example.com", kPostQuantum), 1000);
  const Buffer first = test::quic_initial(frames.at(1)), second = test::quic_initial(frames.at(0), {.number = 1});
  QuicReader reader;
  Sighting sighting;
  for (auto _ : state) {
    QuicInspection inspection;
    for (const Buffer& datagram : {std::cref(first), std::cref(second)}) {
      reader.begin(inspection, datagram);
      while (reader.next(sighting)) {
      }
    }
    if (!inspection.understood) state.SkipWithError("no hello");
  }
}
BENCHMARK(quic_post_quantum_hello);

// The dearest that a client can make us do with one datagram: as many connections as are kept, and none of them fits.
void quic_hostile_datagram(benchmark::State& state) {
  QuicReader reader;
  Sighting sighting;
  QuicInspection inspection;
  for (std::uint64_t i = 0; i < kMaxQuicConnections; ++i) {
    const Buffer hello = test::quic_hello("www.example.com", {.destination = test::noise(8, i + 1)});
    reader.begin(inspection, hello);
    while (reader.next(sighting)) {
    }
  }
  Buffer fake = test::quic_hello("www.example.com", {.destination = test::noise(8, 99)});
  fake.back() ^= 1;
  for (auto _ : state) {
    inspection.datagrams = 0;
    benchmark::DoNotOptimize(reader.begin(inspection, fake));
  }
}
BENCHMARK(quic_hostile_datagram);

// CRYPTO frames of one byte each, with gaps, until no more gaps are kept.
void quic_hostile_frames(benchmark::State& state) {
  std::vector<Buffer> datagrams;
  for (std::uint64_t offset = 1; offset < 4000;) {
    Buffer frames;
    while (frames.size() < 1100) {
      frames = test::join({frames, test::crypto_frame(offset, Buffer{1})});
      offset += 2;
    }
    datagrams.push_back(test::quic_initial(frames));
  }
  QuicReader reader;
  for (auto _ : state) {
    QuicInspection inspection;
    for (const Buffer& datagram : datagrams) reader.begin(inspection, datagram);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(datagrams.size()));
}
BENCHMARK(quic_hostile_frames);

}  // namespace
}  // namespace netscope
