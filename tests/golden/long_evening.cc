// An hour at a household's gateway, for pictures and for trying things out: a dozen devices, names that everybody
// knows, TLS and QUIC, much of it video. The same every time.
#include <array>
#include <random>
#include <string_view>

#include "captures.h"
#include "support/payloads.h"
#include "support/quic_packets.h"

namespace netscope::golden {
namespace {

using test::Ends;
using test::TcpConversation;
using test::TimedPacket;
using test::UdpConversation;

struct Service {
  std::string_view name;
  unsigned visits = 1;     // of a hundred or so
  unsigned kilobytes = 4;  // of an answer
  bool quic = false;
};
constexpr std::array<Service, 24> kServices{{
    {"rr3.googlevideo.com", 9, 60, true},
    {"www.youtube.com", 6, 12, true},
    {"occ.nflxvideo.net", 6, 70},
    {"www.tiktok.com", 5, 20},
    {"v16.tiktokcdn.com", 7, 36},
    {"ads.doubleclick.net", 9, 3},
    {"www.google-analytics.com", 6, 1},
    {"audio-fa.scdn.co", 6, 24},
    {"i.instagram.com", 6, 14},
    {"web.whatsapp.com", 5, 3},
    {"www.wikipedia.org", 4, 9},
    {"github.com", 5, 8},
    {"roblox.com", 4, 10},
    {"discord.com", 4, 5},
    {"steamcontent.com", 2, 80},
    {"www.google.com", 7, 5, true},
    {"outlook.office365.com", 4, 4},
    {"api.telegram.org", 3, 2},
    {"zoom.us", 3, 30},
    {"duckduckgo.com", 2, 6},
    {"deb.debian.org", 2, 40},
    {"tracker.example.net", 3, 1},
    {"cdn.example.org", 3, 15},
    {"mail.example.org", 2, 3},
}};
constexpr std::array<std::string_view, 12> kClients{"192.168.1.20", "192.168.1.20", "192.168.1.21", "192.168.1.31",
                                                    "192.168.1.31", "192.168.1.32", "192.168.1.40", "192.168.1.52",
                                                    "192.168.20.5", "192.168.20.5", "192.168.20.6", "192.168.1.60"};
constexpr unsigned kVisits = 640;
constexpr std::chrono::seconds kLength{3600};

class LongEvening {
 public:
  std::vector<TimedPacket> packets() {
    for (unsigned i = 0; i < kVisits; ++i) {
      // Busier in the middle than at either end.
      const auto place = (below(1000) + below(1000)) / 2;
      visit(service(), kClients[below(kClients.size())], test::kTestTime + kLength * place / 1000);
    }
    return test::merged(flows_);
  }

 private:
  std::size_t below(std::size_t end) { return numbers_() % end; }

  std::size_t service() {
    std::size_t all = 0, at = 0;
    for (const Service& known : kServices) all += known.visits;
    for (std::size_t left = below(all); left >= kServices[at].visits; ++at) left -= kServices[at].visits;
    return at;
  }

  void visit(std::size_t which, std::string_view client, Time begin) {
    const Service& service = kServices[which];
    const std::string server = "198.51.100." + std::to_string(10 + which);
    const auto ends = [&](std::string_view to, std::uint16_t port, Time at) {
      return Ends{.client = std::string(client),
                  .server = std::string(to),
                  .client_port = static_cast<std::uint16_t>(33000 + below(27000)),
                  .server_port = port,
                  .begin = at,
                  .step = std::chrono::milliseconds{4 + below(60)}};
    };
    flows_.push_back(test::dns_lookup(ends("192.168.1.1", 53, begin), service.name, server));
    const Time at = begin + std::chrono::milliseconds{40};
    flows_.push_back(service.quic ? over_quic(service, ends(server, 443, at))
                                  : over_tls(service, ends(server, 443, at)));
  }

  std::vector<TimedPacket> over_tls(const Service& service, Ends ends) {
    TcpConversation talk(std::move(ends));
    talk.handshake().client(test::client_hello(service.name)).server(test::server_hello());
    for (std::size_t left = 1 + below(service.kilobytes * 2); left > 0; left -= std::min<std::size_t>(left, 8)) {
      talk.client(test::tls_application_data(120 + below(300)));
      talk.server(test::tls_application_data(1024 * std::min<std::size_t>(left, 8)));
      talk.wait(std::chrono::milliseconds{below(9000)});
    }
    return talk.close().packets();
  }

  std::vector<TimedPacket> over_quic(const Service& service, Ends ends) {
    UdpConversation talk(std::move(ends));
    talk.client(test::quic_hello(service.name)).server(test::quic_handshake({}, 1200));
    for (std::size_t left = 1 + below(service.kilobytes * 2); left > 0; --left) talk.server(test::quic_short(1024));
    return talk.packets();
  }

  std::minstd_rand numbers_{20};
  std::vector<std::vector<TimedPacket>> flows_;
};

}  // namespace

std::vector<TimedPacket> long_evening() {
  return LongEvening().packets();
}

}  // namespace netscope::golden
