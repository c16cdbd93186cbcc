// Rules that change while flows live, and flows that leave for the kernel.

#include <gtest/gtest.h>

#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

const std::string kNothing;
const Buffer kSound(20, 0x5a);
const std::string kFineDomain = dropping("domain = ['fine.example']");

// Judges the first `count` packets, and later the rest.
class Halves {
 public:
  Halves(Packets packets, std::size_t count) : all_(std::move(packets)), count_(static_cast<std::ptrdiff_t>(count)) {}
  Packets first() const { return {all_.begin(), all_.begin() + count_}; }
  Packets rest() const { return {all_.begin() + count_, all_.end()}; }

 private:
  Packets all_;
  std::ptrdiff_t count_;
};

Halves browsing() {
  TcpConversation web = connected();
  web.client(client_hello("fine.example")).server(server_hello()).client(tls_application_data(100));
  web.server(tls_application_data(1000));
  return {web.packets(), 7};
}

TEST(Reload, AFlowThatTheNewRulesBlockIsCut) {
  Gateway gateway(kNothing);
  const Halves web = browsing();
  EXPECT_EQ(gateway.judge(web.first()), "AAAAAAA");
  gateway.reload(kFineDomain);
  EXPECT_EQ(gateway.judge(web.rest()), "DDDD");
  EXPECT_EQ(gateway.statistics().rules.at(0).flows, 1u);
}

TEST(Reload, AFlowThatTheNewRulesAllowIsLetGo) {
  Gateway gateway(kFineDomain);
  const Halves web = browsing();
  EXPECT_EQ(gateway.judge(web.first()), "AAADDDD");
  gateway.reload(kBlockedDomain);
  EXPECT_EQ(gateway.judge(web.rest()), "AAAA");
}

TEST(Reload, AFlowWhoseNameIsStillToComeIsJudgedByTheNewRules) {
  Gateway gateway(kNothing);
  const Halves web(browsing().first(), 3);
  EXPECT_EQ(gateway.judge(web.first()), "AAA");
  gateway.reload(kFineDomain);
  EXPECT_EQ(gateway.judge(web.rest()), "DDDD");
}

TEST(Reload, AnAddressRuleCutsWhatRuns) {
  Gateway gateway(kNothing);
  const Halves web = browsing();
  EXPECT_EQ(gateway.judge(web.first()), "AAAAAAA");
  gateway.reload(dropping("src = ['192.168.1.20']"));
  EXPECT_EQ(gateway.judge(web.rest()), "DDDD");
}

TEST(Reload, AnyNameOfAConnectionMayBlockIt) {
  Gateway gateway(kNothing);
  TcpConversation web = connected(51234, 80);
  web.client(http_request("GET", "/", "fine.example")).server(http_response(200, "hello"));
  web.client(http_request("GET", "/", "other.example")).server(http_response(200, "hello"));
  const std::size_t so_far = web.packets().size();
  web.client(http_request("GET", "/", "third.example"));
  const Halves both(web.packets(), so_far);
  EXPECT_EQ(gateway.judge(both.first()), std::string(so_far, 'A'));
  gateway.reload(kFineDomain);
  EXPECT_EQ(gateway.judge(both.rest()).find('A'), std::string::npos);
}

TEST(Reload, QueriesAreJudgedOneByOne) {
  Gateway gateway(kBlockedDomain);
  UdpConversation resolver({.server_port = 53});
  resolver.client(dns_query("blocked.example")).client(dns_query("fine.example"));
  EXPECT_EQ(gateway.judge(resolver.packets()), "DA");
  gateway.reload(kFineDomain);
  EXPECT_EQ(gateway.judge(resolver.packets()), "AD");
}

TEST(Reload, CountsStayWithTheNameOfTheirRule) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(client_hello("blocked.example")).packets());
  gateway.judge(connected(50000).client(client_hello("fine.example")).close().packets());
  gateway.reload("[[rule]]\nname = 'before'\naction = 'drop'\ndst = ['192.0.2.1']\n" + kBlockedDomain);
  EXPECT_EQ(gateway.statistics().rules.at(0).flows, 0u);
  EXPECT_EQ(gateway.statistics().rules.at(1).flows, 2u) << "the blocked flow was judged again";
  gateway.judge(connected(50001).client(client_hello("blocked.example")).packets());
  EXPECT_EQ(gateway.statistics().rules.at(1).flows, 3u);
}

TEST(Release, ABlockedFlowLeavesAtOnce) {
  EXPECT_EQ(Gateway(kFineDomain).released(browsing().first()), "...FFFF");
  EXPECT_EQ(Gateway(dropping("dst = ['203.0.113.0/24']")).released(browsing().first()), "FFFFFFF");
}

TEST(Release, AConnectionThatIsRejectedByItsServersPacketLetsTheClientKnow) {
  const std::string rejecting = "[[rule]]\nname = 'r'\naction = 'reject'\ndomain = ['fine.example']\n";
  TcpConversation web = connected();
  web.client(client_hello("fine.example")).server(server_hello());
  const std::size_t so_far = web.packets().size();
  web.server(tls_application_data(1000)).client(tls_application_data(100)).server(tls_application_data(1000));
  const Halves parts(web.packets(), so_far);
  Gateway gateway(kNothing);
  gateway.judge(parts.first());
  gateway.reload(rejecting);
  EXPECT_EQ(gateway.released(parts.rest()), "CFFFFF");
  gateway.reload(rejecting);
  EXPECT_EQ(gateway.released({parts.rest().front()}), "F") << "it was told already";
  EXPECT_EQ(Gateway(rejecting).released(parts.first()).find('C'), std::string::npos) << "the client asked: it hears";
}

TEST(Release, AClientThatStaysSilentGetsFewMore) {
  UdpConversation stream({.server_port = 5004});
  stream.client(tls_application_data(4));
  Gateway gateway(kNothing);
  gateway.judge(stream.packets());
  gateway.reload("[[rule]]\nname = 'r'\naction = 'reject'\nport = [5004]\n");
  UdpConversation later({.server_port = 5004});
  for (int i = 0; i < 10; ++i) later.server(tls_application_data(100));
  EXPECT_EQ(gateway.released(later.packets()), "CCCCCCCCFF");
}

TEST(Release, AnAcceptedFlowStaysUntilTheServerHasAnswered) {
  EXPECT_EQ(Gateway(kBlockedDomain).released(browsing().first()), ".....FF");
}

TEST(Release, HttpStaysWhereNamesMatterAndLeavesWhereTheyDoNot) {
  TcpConversation web = connected(51234, 80);
  web.client(http_request("GET", "/", "fine.example")).server(http_response(200, "hello"));
  const Packets packets = web.packets();
  EXPECT_EQ(Gateway(kBlockedDomain).released(packets).find('F'), std::string::npos);
  const std::string free = Gateway(dropping("dst = ['192.0.2.1']")).released(packets);
  EXPECT_EQ(free.substr(0, 5), ".....");
  EXPECT_EQ(free.back(), 'F');
}

TEST(Release, DatagramsWaitForAnAnswerOrForManyOfTheirOwn) {
  UdpConversation voice({.server_port = 5004});
  voice.client(kSound).client(kSound).server(kSound).client(kSound);
  EXPECT_EQ(Gateway(kBlockedDomain).released(voice.packets()), "..FF");
  UdpConversation camera({.server_port = 5004});
  for (int i = 0; i < 40; ++i) camera.client(kSound);
  const std::string verdicts = Gateway(kBlockedDomain).released(camera.packets());
  EXPECT_EQ(verdicts, std::string(31, '.') + std::string(9, 'F'));
}

TEST(Release, AnUploadThatWasPickedUpUnderWayLeaves) {
  TcpConversation upload = connected();
  upload.client(client_hello("fine.example")).server(server_hello());
  const std::size_t opening = upload.packets().size();
  for (int i = 0; i < 300; ++i) upload.client(tls_application_data(1000));
  const Halves parts(upload.packets(), opening);
  EXPECT_EQ(Gateway(kBlockedDomain).released(parts.rest()).back(), 'F');
}

TEST(Release, AFakeOfNothingKnownAheadOfAHelloHidesNoName) {
  const Buffer hello = client_hello("blocked.example");
  for (const Buffer& fake : {kSound, Buffer(20, 0x01)}) {
    TcpConversation faked = connected();
    faked.client_fake_at(0, fake, 2).client(Bytes(hello).first(25)).client(Bytes(hello).subspan(25));
    EXPECT_EQ(Gateway(kBlockedDomain).judge(faked.packets()), "AAAAAADD");
  }
}

TEST(OneSided, CountsWhatAnswersTheUnseen) {
  const Packets all = connected().client(client_hello("fine.example")).server(server_hello()).packets();
  Gateway whole(kNothing);
  whole.judge(all);
  EXPECT_EQ(whole.statistics().one_sided, 0u);
  Packets from_server;
  for (const TimedPacket& packet : all) {
    if (decode({packet}).packets[0].key.source(decode({packet}).packets[0].direction).port == 443) {
      from_server.push_back(packet);
    }
  }
  Gateway half(kNothing);
  half.judge(from_server);
  EXPECT_EQ(half.statistics().one_sided, from_server.size());
}

}  // namespace
}  // namespace netscope::test
