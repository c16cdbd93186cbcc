#include <algorithm>

#include "captures.h"
#include "support/http2_frames.h"
#include "support/payloads.h"
#include "support/quic_packets.h"

namespace netscope::golden {
namespace {

using test::Buffer;
using test::Ends;
using test::Packet;
using test::TcpConversation;
using test::TimedPacket;

// Two hellos of one length, alike but for the seven bytes of `blocked` and `allowed`.
const Buffer kBlocked = test::client_hello("blocked.example");
const Buffer kAllowed = test::client_hello("allowed.example");

std::size_t offset_of_name() {
  return static_cast<std::size_t>(std::mismatch(kBlocked.begin(), kBlocked.end(), kAllowed.begin()).first -
                                  kBlocked.begin());
}

// The stretch of the name twice, with different bytes, before the rest closes the hello. Systems differ in which of the
// two they believe.
std::vector<TimedPacket> says_twice(std::uint16_t port, const Buffer& first, const Buffer& second) {
  const std::size_t name = offset_of_name();
  const std::size_t behind = name + 20;
  const auto at = [](std::size_t offset) { return static_cast<std::uint32_t>(offset); };
  return TcpConversation({.client_port = port})
      .handshake()
      .client_at(0, Bytes(first).first(name - 4))
      .client_at(at(name - 2), Bytes(first).subspan(name - 2, 22))
      .client_at(at(name - 4), Bytes(second).subspan(name - 4, 24))
      .client_at(at(behind), Bytes(first).subspan(behind))
      .client_sent(at(first.size()))
      .server(test::server_hello())
      .close()
      .packets();
}

// A fake that dies on the way to the server, and the truth behind it.
std::vector<TimedPacket> fakes_before(std::uint16_t port) {
  return TcpConversation({.client_port = port})
      .handshake()
      .client_fake_at(0, kAllowed, 3)
      .client(kBlocked)
      .server(test::server_hello())
      .close()
      .packets();
}

std::vector<TimedPacket> overlaps() {
  return test::merged({
      says_twice(40001, kAllowed, kBlocked),
      says_twice(40002, kBlocked, kAllowed),
      says_twice(40003, kAllowed, kAllowed),
      fakes_before(40004),
  });
}

enum class Order { forward, backward };

std::vector<TimedPacket> in_pieces(const Packet& packet, std::size_t piece_bytes, std::uint32_t number, Order order) {
  std::vector<Packet> pieces = test::in_fragments(packet, piece_bytes, number);
  if (order == Order::backward) std::reverse(pieces.begin(), pieces.end());
  std::vector<TimedPacket> timed;
  for (const Packet& piece : pieces) {
    const auto position = static_cast<std::int64_t>(timed.size());
    timed.push_back({.at = test::kTestTime + std::chrono::milliseconds{position + number}, .packet = piece});
  }
  return timed;
}

std::vector<TimedPacket> fragments() {
  const auto query = [](std::string_view name) { return test::dns_query(name); };
  const Packet v4 = test::ethernet().ipv4("192.168.1.20", "203.0.113.53");
  const Packet v6 = test::ethernet().ipv6("2001:db8:1::20", "2001:db8:2::53");
  const Packet hello = v4.tcp(40005, 443).seq(1001).ack(1).flags("PA").payload(kBlocked);
  return test::merged({
      in_pieces(v4.udp(40001, 53).payload(query("blocked.example")), 16, 1, Order::forward),
      in_pieces(v4.udp(40002, 53).payload(query("allowed.example")), 16, 2, Order::backward),
      in_pieces(v6.udp(40003, 53).payload(query("blocked.example")), 24, 3, Order::backward),
      in_pieces(v6.udp(40004, 53).payload(query("allowed.example")), 24, 4, Order::forward),
      in_pieces(hello, 64, 5, Order::forward),
  });
}

std::vector<TimedPacket> http_keepalive() {
  const auto two_requests = [](std::uint16_t port, std::string_view first, std::string_view second) {
    return TcpConversation({.client_port = port, .server_port = 80})
        .handshake()
        .client(test::http_request("GET", "/", first))
        .server(test::http_response(200, "the first"))
        .client_in_pieces(test::http_request("GET", "/second", second, {{"Accept", "*/*"}}), 23)
        .server(test::http_response(200, "the second"))
        .close()
        .packets();
  };
  const Buffer pipelined =
      test::join({test::http_request("POST", "/", "allowed.example", {}, "GET / HTTP/1.1\r\nHost: blocked.example\r\n"),
                  test::http_request("GET", "/second", "allowed.example")});
  return test::merged({
      two_requests(40001, "allowed.example", "blocked.example"),
      two_requests(40002, "blocked.example", "allowed.example"),
      two_requests(40003, "allowed.example", "allowed.example"),
      TcpConversation({.client_port = 40004, .server_port = 80})  // a body that looks like a request is none
          .handshake()
          .client(pipelined)
          .server(test::join({test::http_response(200, "one"), test::http_response(200, "two")}))
          .close()
          .packets(),
  });
}

std::vector<TimedPacket> dns_over_tcp() {
  const auto asks = [](std::string_view name, std::uint16_t id) {
    return test::over_tcp(test::dns_query(name, 1, id));
  };
  const auto tells = [](std::string_view name, std::uint16_t id) {
    return test::over_tcp(test::dns_response(name, {{.value = "203.0.113.9"}}, 1, id));
  };
  return test::merged({
      TcpConversation({.client_port = 40001, .server_port = 53})
          .handshake()
          .client(test::join({asks("allowed.example", 1), asks("blocked.example", 2)}))
          .server(test::join({tells("allowed.example", 1), tells("blocked.example", 2)}))
          .close()
          .packets(),
      TcpConversation({.client_port = 40002, .server_port = 53})  // cut within the two bytes of the length
          .handshake()
          .client_in_pieces(asks("blocked.example", 3), 1)
          .server(tells("blocked.example", 3))
          .close()
          .packets(),
      TcpConversation({.client_port = 40003, .server_port = 53})
          .handshake()
          .client(asks("allowed.example", 4))
          .server(tells("allowed.example", 4))
          .close()
          .packets(),
  });
}

// A QUIC connection that opens with these datagrams, and goes on if it may.
std::vector<TimedPacket> opens_with(std::uint16_t port, const std::vector<Buffer>& datagrams) {
  test::UdpConversation flow({.client_port = port});
  for (const Buffer& datagram : datagrams) flow.client(datagram);
  flow.server(test::quic_handshake({.destination = {}, .source = test::noise(8, 2)}));
  return flow.client(test::quic_short(60)).server(test::quic_short(200)).packets();
}

// A post-quantum hello in frames of 250 bytes over three datagrams, in an order that only a browser would think of.
std::vector<Buffer> shuffled(std::string_view name, std::uint32_t version) {
  const Buffer message = test::client_hello_message(name, {.alpn = {"h3"}, .post_quantum = true});
  const std::vector<Buffer> frames = test::crypto_frames(message, 250);
  std::vector<Buffer> datagrams;
  for (std::uint32_t first = 0; first < 3; ++first) {
    Buffer some = test::ping_frame();
    for (std::size_t i = frames.size(); i-- > 0;) {
      if ((i * 5 + 1) % 3 == first) some = test::join({some, frames[i], test::padding_frames(first)});
    }
    datagrams.push_back(test::quic_initial(some, {.version = version, .number = first}));
  }
  return datagrams;
}

std::vector<TimedPacket> quic() {
  const Buffer blocked = test::client_hello_message("blocked.example", {.alpn = {"h3"}});
  const Buffer allowed = test::client_hello_message("allowed.example", {.alpn = {"h3"}});
  const auto whole = [](const Buffer& message) { return test::quic_initial(test::crypto_frame(0, message)); };
  Buffer broken = whole(blocked);  // its tag does not fit: no server reads it
  broken.back() ^= 1;
  const Buffer fake = test::quic_initial(test::crypto_frame(0, allowed), {.destination = test::noise(8, 3)});
  return test::merged({
      opens_with(40001, {whole(blocked)}), opens_with(40002, {whole(allowed)}),
      opens_with(40003, shuffled("blocked.example", test::kQuicVersion1)),
      opens_with(40004, shuffled("allowed.example", test::kQuicVersion2)), opens_with(40005, {fake, whole(blocked)}),
      opens_with(40006, {broken, whole(allowed)}),
      opens_with(40007, {whole(allowed), whole(blocked)}),  // the same connection says it twice
      opens_with(40008, {test::google_q046("blocked.example")}),
      opens_with(40009, {test::google_q043("allowed.example")}),
      opens_with(40010, {test::quic_initial(test::crypto_frame(40, Bytes(blocked).subspan(40)))}),  // never completes
  });
}

// What a client sends when the handshake is over, to the id that its server chose.
Buffer short_to(const Buffer& id) {
  return test::join({{0x41}, id, test::noise(100)});
}

// A connection that a NAT moves to another port, twice; and datagrams to an id that nobody chose.
std::vector<TimedPacket> moved_quic() {
  const auto from = [](std::uint16_t port, Duration after) {
    return test::UdpConversation({.client_port = port, .begin = test::kTestTime + after});
  };
  const Buffer id = test::noise(8, 21);
  using std::chrono::seconds;
  return test::merged({
      from(40001, seconds(0))
          .client(test::quic_hello("moved.example"))
          .server(test::quic_handshake({.destination = {}, .source = id}))
          .client(test::quic_handshake({.destination = id}))
          .server(test::quic_short(200))
          .packets(),
      from(40002, seconds(300)).client(short_to(id)).server(test::quic_short(200)).client(short_to(id)).packets(),
      from(40003, seconds(600)).client(short_to(id)).server(test::quic_short(200)).packets(),
      from(40004, seconds(600)).client(short_to(test::noise(8, 22))).server(test::quic_short(200)).packets(),
      opens_with(40005, {test::quic_hello("blocked.example")}),
  });
}

// A hello without a name, and what may go on behind it.
std::vector<TimedPacket> without_a_name(Ends ends, Duration after) {
  ends.begin = test::kTestTime + after;
  return TcpConversation(ends)
      .handshake()
      .client(test::client_hello(""))
      .server(test::server_hello())
      .close()
      .packets();
}

// A question and an answer, which need not go together.
std::vector<TimedPacket> asks(std::uint16_t port, const Buffer& question, const Buffer& answer) {
  return test::UdpConversation({.server = "203.0.113.53", .client_port = port, .server_port = 53})
      .client(question)
      .server(answer)
      .packets();
}

// Answers that name addresses, flows to them that show no name, and answers that nobody asked for.
std::vector<TimedPacket> learned_names() {
  using std::chrono::seconds;
  const auto tells = [](std::string_view name, const std::string& address, std::uint16_t id = 0x1234) {
    return test::dns_response(name, {{.value = address, .ttl_seconds = 90}}, test::kTypeA, id);
  };
  const Buffer chain =
      test::dns_response("innocent.example",
                         {{.value = "www.tracked.example"}, {.value = "203.0.113.11", .owner = "www.tracked.example"}});
  const auto to = [](std::uint16_t port, const char* server) { return Ends{.server = server, .client_port = port}; };
  const Ends another_device{.client = "192.168.1.21",
                            .server = "203.0.113.9",
                            .client_port = 50005,
                            .link = test::ethernet("02:00:00:00:00:15")};
  return test::merged({
      asks(40001, test::dns_query("www.tracked.example"), tells("www.tracked.example", "203.0.113.9")),
      asks(40002, test::dns_query("allowed.example"), tells("allowed.example", "203.0.113.10")),
      asks(40003, test::dns_query("innocent.example"), chain),
      asks(40004, test::dns_query("other.example"), tells("tracked.example", "203.0.113.12")),
      asks(40005, test::dns_query("tracked.example"), tells("tracked.example", "203.0.113.12", 0x4321)),
      without_a_name(to(50001, "203.0.113.9"), seconds(1)),
      without_a_name(to(50002, "203.0.113.10"), seconds(1)),
      without_a_name(to(50003, "203.0.113.11"), seconds(1)),
      without_a_name(to(50004, "203.0.113.12"), seconds(1)),
      without_a_name(another_device, seconds(1)),
      without_a_name(to(50006, "203.0.113.9"), seconds(100)),
      TcpConversation({.client_port = 50007, .begin = test::kTestTime + seconds(2)})  // it says what it wants
          .handshake()
          .client(test::client_hello("allowed.example"))
          .server(test::server_hello())
          .close()
          .packets(),
  });
}

// A proxy, what is said through it, and protocols that carry others.
std::vector<TimedPacket> proxies_and_services() {
  const auto socks5 = [](std::string_view name) {
    return Buffer(test::ByteWriter().u8(5).u8(1).u8(0).u8(3).u8(name.size()).text(name).u16(443));
  };
  const Buffer greeting = {5, 2, 0, 2}, no_password = {5, 0}, password = {5, 2},
               granted = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const Buffer right = {1, 0};
  const Buffer user = test::ByteWriter().u8(1).u8(2).text("me").u8(6).text("secret");
  const Buffer socks4a = test::ByteWriter().u8(4).u8(1).u16(443).u32(1).u8(0).text("www.blocked.example").u8(0);
  const Buffer utp = test::ByteWriter().u8(0x41).u8(0).u16(4711).u32(123456).u32(0).u32(1 << 20).u16(1).u16(0);
  const auto to = [](std::uint16_t client_port, std::uint16_t server_port) {
    return Ends{.client_port = client_port, .server_port = server_port};
  };
  const auto text = [](std::string_view characters) { return Buffer(characters.begin(), characters.end()); };
  const auto tls = [&](std::uint16_t port, std::uint16_t server_port, std::string_view name, const char* alpn) {
    return TcpConversation(to(port, server_port))
        .handshake()
        .client(test::client_hello(name, {.alpn = {alpn}}))
        .server(test::server_hello())
        .close()
        .packets();
  };
  return test::merged({
      TcpConversation(to(50001, 1080)).handshake().client(socks4a).packets(),
      TcpConversation(to(50002, 1080))
          .handshake()
          .client(greeting)
          .server(no_password)
          .client(socks5("allowed.example"))
          .server(granted)
          .client(test::client_hello("blocked.example"))
          .packets(),
      TcpConversation(to(50003, 1080))
          .handshake()
          .client(greeting)
          .server(password)
          .client(user)
          .server(right)
          .client(socks5("allowed.example"))
          .server(granted)
          .client(test::client_hello("allowed.example"))
          .server(test::server_hello())
          .close()
          .packets(),
      TcpConversation(to(50004, 8080)).handshake().client(text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).close().packets(),
      TcpConversation(to(50012, 8080))
          .handshake()
          .client(test::join({test::http2_preface(), test::http2_get("allowed.example")}))
          .server(test::http2_answer())
          .client(test::http2_get("www.blocked.example", "/", 3))
          .packets(),
      TcpConversation(to(50005, 80))
          .handshake()
          .client(text("GET /chat HTTP/1.1\r\nHost: allowed.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
          .server(text("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
          .close()
          .packets(),
      tls(50006, 853, "dns.google", "dot"),
      tls(50007, 443, "cloudflare-dns.com", "h2"),
      tls(50008, 443, "allowed.example", "h2"),
      test::UdpConversation({.client_port = 50009, .server_port = 853})
          .client(test::quic_hello("dns.adguard-dns.com"))
          .packets(),
      test::UdpConversation({.client_port = 50010, .server_port = 6881}).client(utp).packets(),
  });
}

}  // namespace

std::vector<NamedCapture> tricky_captures() {
  return {
      {"overlaps.pcap", test::pcap_file(overlaps())},
      {"fragments.pcap", test::pcap_file(fragments())},
      {"http-keepalive.pcap", test::pcap_file(http_keepalive())},
      {"dns-tcp.pcap", test::pcap_file(dns_over_tcp())},
      {"quic.pcap", test::pcap_file(quic())},
      {"quic-moved.pcap", test::pcap_file(moved_quic())},
      {"learned-names.pcap", test::pcap_file(learned_names())},
      {"proxies-and-services.pcap", test::pcap_file(proxies_and_services())},
  };
}

}  // namespace netscope::golden
