// The packet path allocates nothing for flows that are judged: every allocation of this executable is counted.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "unit/core/engine/gateway.h"

namespace {

std::atomic<long> allocations = 0;

void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = counted(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace netscope::test {
namespace {

// What the worker allocates for `packets`, in bursts of the size of `before`, which it has seen.
long allocations_for(std::string_view rules, const Packets& before, const Packets& packets,
                     const Recording& recording = {}) {
  Worker worker(rule_set(rules), {.flow_capacity = 64, .recording = recording});
  const Decoded first = decode(before);
  const Decoded then = decode(packets);
  std::vector<Verdict> verdicts(std::max(before.size(), packets.size()));
  worker.process(first.packets, std::span(verdicts).first(before.size()));
  const long counted = allocations;
  for (std::size_t at = 0; at < packets.size(); at += before.size()) {
    const std::size_t count = std::min(before.size(), packets.size() - at);
    worker.process(std::span(then.packets).subspan(at, count), std::span(verdicts).subspan(at, count));
  }
  return allocations - counted;
}

// A long download behind the hello, of so much time that the timeline goes through all its steps.
Packets download(const Buffer& hello, Packets& opening) {
  TcpConversation web({.step = std::chrono::milliseconds{400}});
  opening = web.handshake().client(hello).server(server_hello()).packets();
  for (int i = 0; i < 1500; ++i) web.server(tls_application_data(1000));
  Packets all = web.packets();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(opening.size()));
  return all;
}

TEST(Allocation, TheCounterCounts) {
  const long before = allocations;
  ::operator delete(::operator new(1));  // called as functions: a new-expression may be optimised away
  EXPECT_GT(allocations, before);
}

TEST(Allocation, PacketsOfAcceptedFlowsAllocateNothing) {
  Packets opening;
  const Packets rest = download(client_hello("fine.example"), opening);
  EXPECT_EQ(allocations_for(kBlockedDomain, opening, rest), 0);
}

TEST(Allocation, PacketsOfBlockedFlowsAllocateNothing) {
  Packets opening;
  const Packets rest = download(client_hello("www.blocked.example"), opening);
  EXPECT_EQ(allocations_for(kBlockedDomain, opening, rest), 0);
}

TEST(Allocation, PacketsThatAnAddressRuleJudgedAllocateNothing) {
  Packets opening;
  const Packets rest = download(client_hello("fine.example"), opening);
  EXPECT_EQ(allocations_for(dropping("dst = ['203.0.113.9']"), opening, rest), 0);
}

TEST(Allocation, DatagramsOfAJudgedFlowAllocateNothing) {
  UdpConversation voice({.server_port = 5004});
  voice.client(noise(160)).server(noise(160, 2));
  const Packets opening = voice.packets();
  for (int i = 0; i < 200; ++i) voice.client(noise(160)).server(noise(160, 2));
  EXPECT_EQ(allocations_for(kBlockedDomain, opening, voice.packets()), 0);
}

TEST(Allocation, AHandshakeWithoutDataAllocatesNothing) {
  EXPECT_EQ(allocations_for(kBlockedDomain, connected(1).packets(), connected(2).packets()), 0);
}

// The memory of an inspection goes from one flow to the next. Names are kept for who wants them.
TEST(Allocation, AnotherConnectionAllocatesNothing) {
  const auto conversation = [](std::uint16_t number) {
    const Buffer hello = client_hello("fine.example");
    TcpConversation web = connected(number);
    web.client(Bytes{hello}.first(100)).client(Bytes{hello}.subspan(100));
    return web.server(server_hello()).server(tls_application_data(1000)).client(tls_application_data(100)).packets();
  };
  EXPECT_EQ(allocations_for(kBlockedDomain, conversation(1), conversation(2), {.tables = false}), 0);
}

}  // namespace
}  // namespace netscope::test
