#include <map>
#include <string_view>

#include "captures.h"
#include "support/payloads.h"

namespace netscope::golden {
namespace {

using test::Buffer;
using test::Ends;
using test::Packet;
using test::TcpConversation;
using test::TimedPacket;
using test::UdpConversation;

constexpr std::string_view kGatewayMac = "02:00:00:00:00:01";
constexpr std::string_view kLaptop = "192.168.1.20";
constexpr std::string_view kPhone = "192.168.1.31";
constexpr std::string_view kTelevision = "192.168.1.40";
constexpr std::string_view kTablet = "192.168.20.5";  // a child's

// Those who live here, and by which hardware address.
const std::map<std::string_view, std::string_view> kMacs = {
    {kLaptop, "02:00:00:00:01:14"}, {kPhone, "02:00:00:00:01:1f"},           {kTelevision, "02:00:00:00:01:28"},
    {kTablet, "02:00:00:00:14:05"}, {"2001:db8:1::20", "02:00:00:00:01:14"}, {"2001:db8:1::31", "02:00:00:00:01:1f"},
    {"192.168.1.1", kGatewayMac},
};

// What lives elsewhere.
const std::map<std::string_view, std::string_view> kServers = {
    {"v16.tiktok.com", "198.51.100.16"},
    {"www.tiktok.com", "198.51.100.17"},
    {"www.youtube.com", "198.51.100.20"},
    {"netflix.com", "198.51.100.30"},
    {"x.com", "198.51.100.40"},
    {"github.com", "198.51.100.50"},
    {"ads.doubleclick.net", "198.51.100.60"},
    {"roblox.com", "198.51.100.70"},
    {"instagram.com", "198.51.100.80"},
    {"example.org", "198.51.100.90"},
    {"tracker.example.net", "198.51.100.91"},
    {"blocked.example", "198.51.100.92"},
    {"cdn.example.org", "198.51.100.93"},
    {"mail.example.org", "198.51.100.94"},
};

Packet frame_from(std::string_view client) {
  return test::ethernet(kMacs.at(client), kGatewayMac);
}

// An evening: each call adds one flow, which begins a moment after the one before, so that several are under way at
// once.
class Evening {
 public:
  void looks_up(std::string_view client, std::string_view name) {
    add(test::dns_lookup(ends(client, "192.168.1.1", 53), name, kServers.at(name)));
  }
  void visits(std::string_view client, std::string_view name, const test::HelloOptions& hello = {}) {
    looks_up(client, name);
    visits_at(client, kServers.at(name), name, hello);
  }
  void visits_at(std::string_view client, std::string_view server, std::string_view name,
                 const test::HelloOptions& hello = {}) {
    add(TcpConversation(ends(client, server, 443))
            .handshake()
            .client(test::client_hello(name, hello))
            .server(test::server_hello())
            .client(test::tls_application_data(180))
            .server(test::tls_application_data(1200))
            .close()
            .packets());
  }
  void adds(std::vector<TimedPacket> packets) { add(std::move(packets)); }

  Ends ends(std::string_view client, std::string_view server, std::uint16_t server_port) {
    const auto port = static_cast<std::uint16_t>(49152 + 37 * flows_.size());
    return {.client = std::string(client),
            .server = std::string(server),
            .client_port = port,
            .server_port = server_port,
            .begin = now_,
            .client_sequence = 1000u * port,
            .server_sequence = 77'000u * port,
            .link = frame_from(client)};
  }
  Time now() const { return now_; }
  std::vector<TimedPacket> packets() const { return test::merged(flows_); }

 private:
  void add(std::vector<TimedPacket> packets) {
    flows_.push_back(std::move(packets));
    now_ += std::chrono::milliseconds{23};
  }

  Time now_ = test::kTestTime;
  std::vector<std::vector<TimedPacket>> flows_;
};

void house_wakes(Evening& evening) {
  const Packet asks = test::ethernet(kMacs.at(kLaptop), "ff:ff:ff:ff:ff:ff").announcing(0x0806);
  const Packet answers = test::ethernet(kGatewayMac, kMacs.at(kLaptop)).announcing(0x0806);
  const Buffer question = test::arp(kMacs.at(kLaptop), kLaptop, "00:00:00:00:00:00", "192.168.1.1");
  const Buffer answer = test::arp(kGatewayMac, "192.168.1.1", kMacs.at(kLaptop), kLaptop);
  evening.adds(
      {{.at = evening.now(), .packet = asks.payload(question).padded_to(60)},
       {.at = evening.now() + std::chrono::microseconds{300}, .packet = answers.payload(answer).padded_to(60)}});
  const Packet multicast = test::ethernet(kMacs.at(kTelevision), "01:00:5e:00:00:fb")
                               .ipv4(kTelevision, "224.0.0.251")
                               .ttl(255)
                               .udp(5353, 5353)
                               .payload(test::mdns_announcement("television.local", kTelevision));
  evening.adds({{.at = evening.now(), .packet = multicast}});
}

void parents_browse(Evening& evening) {
  evening.visits(kLaptop, "github.com");
  evening.visits(kLaptop, "www.youtube.com", {.post_quantum = true});
  evening.visits(kLaptop, "ads.doubleclick.net");
  evening.visits(kPhone, "v16.tiktok.com");
  evening.visits(kPhone, "www.tiktok.com", {.version = 0x0303});
  evening.visits(kPhone, "x.com", {.alpn = {"http/1.1"}});
  evening.visits(kTelevision, "netflix.com");
  evening.visits(kTelevision, "www.youtube.com");
  evening.visits(kLaptop, "mail.example.org", {.ech = true});
  evening.visits(kLaptop, "blocked.example");
  evening.visits(kPhone, "cdn.example.org", {.alpn = {}});
  evening.visits(kPhone, "ads.doubleclick.net", {.padded_to = 517});
}

void child_plays(Evening& evening) {
  evening.visits(kTablet, "roblox.com");
  evening.visits(kTablet, "instagram.com");
  evening.visits(kTablet, "example.org");
  evening.visits(kTablet, "www.youtube.com", {.post_quantum = true});
}

void someone_uses_http(Evening& evening) {
  evening.looks_up(kLaptop, "example.org");
  evening.looks_up(kLaptop, "tracker.example.net");
  evening.adds(TcpConversation(evening.ends(kLaptop, kServers.at("example.org"), 80))
                   .handshake()
                   .client(test::http_request("GET", "/", "example.org", {{"User-Agent", "Mozilla/5.0"}}))
                   .server(test::http_response(200, "<html>an example</html>", {{"Content-Type", "text/html"}}))
                   .client(test::http_request("GET", "/pixel.gif?page=1", "tracker.example.net"))
                   .server(test::http_response(200, "GIF89a"))
                   .close()
                   .packets());
  evening.adds(TcpConversation(evening.ends(kPhone, kServers.at("tracker.example.net"), 80))
                   .handshake()
                   .client(test::http_request("POST", "/collect", "tracker.example.net", {}, "who=phone"))
                   .server(test::http_response(204))
                   .close()
                   .packets());
  evening.adds(TcpConversation(evening.ends(kPhone, kServers.at("cdn.example.org"), 8080))
                   .handshake()
                   .client(test::http_request("GET", "/app.js", "cdn.example.org:8080"))
                   .server(test::http_response(200, std::string(1800, '/')))
                   .close()
                   .packets());
}

// ICMP, a datagram in fragments, plain TCP to an address that rules name.
void without_names(Evening& evening) {
  evening.adds(TcpConversation(evening.ends(kLaptop, "203.0.113.66", 4444))
                   .handshake()
                   .client(test::noise(300, 66))
                   .server(test::noise(500, 67))
                   .close()
                   .packets());
  const Packet echo = frame_from(kLaptop).ipv4(kLaptop, "198.51.100.7").icmp(8, 0, 0x00070001).payload(Buffer(48, 'p'));
  const Packet reply =
      frame_from(kLaptop).reversed().ipv4("198.51.100.7", kLaptop).icmp(0, 0, 0x00070001).payload(Buffer(48, 'p'));
  evening.adds(
      {{.at = evening.now(), .packet = echo}, {.at = evening.now() + std::chrono::milliseconds{12}, .packet = reply}});

  const std::vector<TimedPacket> unheard =
      UdpConversation(evening.ends(kPhone, "198.51.100.8", 33434)).client(Buffer(32, 'u')).packets();
  const Packet unreachable =
      frame_from(kPhone).reversed().ipv4("198.51.100.8", kPhone).icmp(3, 3).quoting(unheard.front().packet, 28);
  evening.adds({unheard.front(), {.at = evening.now() + std::chrono::milliseconds{9}, .packet = unreachable}});

  std::vector<TimedPacket> pieces;
  const Packet datagram =
      frame_from(kTelevision).ipv4(kTelevision, "198.51.100.9").udp(40009, 9000).payload(test::noise(3200, 10));
  for (const Packet& piece : test::in_fragments(datagram, 1480))
    pieces.push_back({.at = evening.now(), .packet = piece});
  evening.adds(pieces);
}

void over_ipv6(Evening& evening) {
  constexpr std::string_view kLaptop6 = "2001:db8:1::20";
  constexpr std::string_view kPhone6 = "2001:db8:1::31";
  evening.adds(test::dns_lookup(evening.ends(kLaptop6, "2001:db8:1::1", 53), "github.com", "2001:db8:2::50"));
  evening.visits_at(kLaptop6, "2001:db8:2::50", "github.com");
  evening.adds(test::dns_lookup(evening.ends(kPhone6, "2001:db8:1::1", 53), "www.tiktok.com", "2001:db8:2::17"));
  evening.visits_at(kPhone6, "2001:db8:2::17", "www.tiktok.com");
  const Packet echo = frame_from(kLaptop6).ipv6(kLaptop6, "2001:db8:2::7").icmpv6(128, 0, 0x00070001).payload("ping");
  evening.adds({{.at = evening.now(), .packet = echo}});
}

// Hellos that do not come in one piece.
void hellos_in_pieces(Evening& evening) {
  const Buffer big = test::client_hello("www.tiktok.com", {.post_quantum = true});
  evening.adds(TcpConversation(evening.ends(kPhone, kServers.at("www.tiktok.com"), 443))
                   .handshake()
                   .client_reversed(big, 1460)
                   .server(test::server_hello())
                   .close()
                   .packets());
  evening.adds(TcpConversation(evening.ends(kLaptop, kServers.at("github.com"), 443))
                   .handshake()
                   .client_at(0, Bytes(test::client_hello("github.com")).first(60))  // and then never a word again
                   .packets());
  evening.adds(TcpConversation(evening.ends(kTablet, kServers.at("v16.tiktok.com"), 443))
                   .handshake()
                   .client(test::client_hello("v16.tiktok.com", {.record_bytes = 1}))
                   .server(test::server_hello())
                   .close()
                   .packets());
  evening.adds(TcpConversation(evening.ends(kPhone, kServers.at("x.com"), 443))
                   .handshake()
                   .client_in_pieces(test::client_hello("x.com"), 40)
                   .server(test::server_hello())
                   .client_resets()
                   .packets());
}

}  // namespace

std::vector<TimedPacket> home_network() {
  Evening evening;
  house_wakes(evening);
  parents_browse(evening);
  child_plays(evening);
  someone_uses_http(evening);
  without_names(evening);
  over_ipv6(evening);
  hellos_in_pieces(evening);
  return evening.packets();
}

}  // namespace netscope::golden
