// What a client that hides from a firewall may send over QUIC, for evasion_test.py to send. Each line of the output is
// one try: technique, name, and datagrams, apart by tabs; a datagram is how it fares and its bytes in hexadecimal
// digits:
//
//   true      reaches the server, which needs all of these for the name
//   other     reaches the server too, and says nothing to it
//   ttl       dies of its TTL between gateway and server
//   checksum  dies of its checksum
//   wait      nothing is sent for a while: what was answered may leave for the kernel
//
// usage: quic_techniques NAME...
#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/conversation.h"
#include "support/quic_packets.h"

namespace netscope::test {
namespace {

constexpr std::string_view kDecoy = "decoy.example";
const HelloOptions kLarge{.alpn = {"h3"}, .post_quantum = true};

struct Datagram {
  std::string_view fate;
  Buffer bytes;
};
using Try = std::vector<Datagram>;

Buffer noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Buffer bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

QuicInitialOptions under(Buffer id) {
  return {.destination = std::move(id)};
}

// The hello in CRYPTO frames, a datagram each.
Try pieces(std::string_view fate, std::string_view name, std::size_t frame_bytes) {
  Try out;
  std::uint32_t number = 0;
  for (const Buffer& frame : crypto_frames(client_hello_message(name, kLarge), frame_bytes)) {
    out.push_back({fate, quic_initial(frame, {.number = number++})});
  }
  return out;
}

Try reversed(Try sent) {
  std::ranges::reverse(sent);
  return sent;
}

// Each datagram of `truth` with the one of `fakes` ahead of it.
Try interleaved(const Try& fakes, const Try& truth) {
  Try out;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (i < fakes.size()) out.push_back(fakes[i]);
    out.push_back(truth[i]);
  }
  return out;
}

Try joined(Try first, const Try& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Buffer of_unknown_version(Buffer initial) {
  std::fill_n(initial.begin() + 1, 4, std::uint8_t{0x1a});
  return initial;
}

// A packet whose end, by which the server answers it, looks like a packet with a short header (RFC 9000, section 17.3).
Buffer answered_by_short() {
  constexpr std::size_t kAnswer = 16;
  for (std::uint64_t seed = 0;; ++seed) {
    Buffer packet = quic_short(300, seed);
    if ((packet[packet.size() - kAnswer] & 0xc0) == 0x40) return packet;
  }
}

// Frames that a stack which wants to be looked past may write: shuffled, with PING and PADDING between.
Buffer scrambled(std::string_view name) {
  std::vector<Buffer> frames = crypto_frames(client_hello_message(name), 23);
  std::shuffle(frames.begin(), frames.end(), std::mt19937(4));
  Buffer all;
  for (const Buffer& frame : frames) {
    for (const Buffer& part : {ping_frame(), padding_frames(3), frame}) all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::vector<std::pair<std::string, Try>> techniques(std::string_view name) {
  const Try truth{{"true", quic_hello(name)}};
  const Try large = pieces("true", name, 900), small = pieces("true", name, 300);
  std::vector<std::pair<std::string, Try>> out{
      {"no technique", truth},
      {"version 2", {{"true", quic_hello(name, {.version = kQuicVersion2})}}},
      {"draft 29", {{"true", quic_hello(name, {.version = kQuicDraft29})}}},
      {"a hello over two datagrams", large},
      {"a hello over two datagrams, reversed", reversed(large)},
      {"a hello over many datagrams, reversed", reversed(small)},
      {"frames shuffled, with PING and PADDING between", {{"true", quic_initial(scrambled(name))}}},
      {"a hello repeated", joined(large, large)},
  };
  for (const std::string_view death : {"ttl", "checksum"}) {
    const std::string dies = " that dies of its " + std::string(death);
    const auto ahead = [&](const std::string& what, Buffer bytes) {
      out.emplace_back(what + dies, joined({{death, std::move(bytes)}}, truth));
    };
    ahead("a fake of another name, under the same id,", quic_hello(kDecoy));
    ahead("a fake of another name, under another id,", quic_hello(kDecoy, under(noise(8, 1))));
    ahead("a fake of another version", quic_hello(kDecoy, {.version = kQuicVersion2}));
    ahead("noise", noise(1200, 2));
    ahead("a short header", quic_short());
    ahead("a Handshake packet", quic_handshake());
    ahead("a Version Negotiation", quic_version_negotiation({kQuicVersion2}));
    ahead("a Retry", quic_retry());
    ahead("a question of DNS", dns_query("decoy.example"));
    out.emplace_back("fakes of the pieces" + dies, interleaved(pieces(death, kDecoy, 900), large));
    out.emplace_back("fakes of the pieces, reversed," + dies,
                     interleaved(reversed(pieces(death, kDecoy, 300)), reversed(small)));
    Try many;
    for (std::uint64_t i = 0; i < 20; ++i) many.push_back({death, quic_hello(kDecoy, under(noise(8, 10 + i)))});
    out.emplace_back("twenty fakes under other ids" + dies, joined(many, truth));
    out.emplace_back("twenty fakes under other ids, between the pieces," + dies,
                     joined(joined({large.front()}, many), Try(large.begin() + 1, large.end())));
  }
  out.emplace_back("another connection ahead", joined({{"other", quic_hello(kDecoy, under(noise(8, 3)))}}, truth));
  out.emplace_back("an unknown version ahead", joined({{"other", of_unknown_version(quic_hello(kDecoy))}}, truth));
  out.emplace_back("an Initial that does not authenticate ahead",
                   joined({{"other", quic_initial(ping_frame(), {.keys_of = noise(8, 5)})}}, truth));
  // One that is answered and goes on, so that it is judged and leaves, and another one on its ports.
  const Try released{{"other", quic_hello(kDecoy, under(noise(8, 3)))},
                     {"wait", {}},
                     {"other", answered_by_short()},
                     {"wait", {}},
                     {"other", answered_by_short()},
                     {"wait", {}}};
  for (const auto& [what, second] : {std::pair("", truth), std::pair(", over two datagrams", large)}) {
    out.emplace_back("another connection behind one that was accepted" + std::string(what), joined(released, second));
  }
  return out;
}

void print(std::string_view technique, std::string_view name, const Try& sent) {
  std::cout << technique << '\t' << name;
  for (const auto& [fate, bytes] : sent) {
    std::cout << '\t' << fate << ' ';
    for (const std::uint8_t byte : bytes) std::cout << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
  }
  std::cout << '\n';
}

}  // namespace
}  // namespace netscope::test

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    for (const auto& [technique, sent] : netscope::test::techniques(arguments[i])) {
      netscope::test::print(technique, arguments[i], sent);
    }
  }
}
