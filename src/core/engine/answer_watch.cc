#include "netscope/engine/answer_watch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "core/dpi/dns.h"
#include "core/dpi/dns_answer.h"

namespace netscope {
namespace {

std::uint64_t mix(std::uint64_t mixed, std::uint64_t word) {
  mixed = (mixed ^ word) * 0x9e3779b97f4a7c15;
  return mixed ^ mixed >> 32;
}

Duration lifetime(std::uint32_t seconds) {
  return std::clamp<Duration>(std::chrono::seconds{seconds}, kShortestAnswer, kLongestAnswer);
}

NameAnswer told(const IpAddress& client, const LinkAddress& device, const dns::Answer& answer, Time now) {
  NameAnswer out{.client = client, .device = device, .names = {}, .addresses = {}, .learned = now};
  out.names.reserve(answer.name_count);
  for (const HostName& name : answer.all_names()) out.names.emplace_back(name.view());
  out.addresses.reserve(answer.address_count);
  for (const auto& [address, seconds] : answer.all_addresses()) {
    out.addresses.push_back({.address = address, .expires = now + lifetime(seconds)});
  }
  return out;
}

}  // namespace

struct AnswerWatch::Queries {
  struct Query {
    std::uint64_t fingerprint = 0;  // 0: none
    Time asked{};
    LinkAddress device{};
  };
  struct Group {
    std::array<Query, kQueriesPerGroup> queries{};
    std::size_t next = 0;
  };

  explicit Queries(std::uint64_t of_hash) : groups(kQueryGroups), seed(of_hash) {}

  std::optional<NameAnswer> see(const Packet& packet);
  static std::optional<Query> take(Group& group, std::uint64_t fingerprint, Time now);

  std::vector<Group> groups;
  std::uint64_t seed;
  dns::Answer answer;  // room for the parser
};

std::optional<NameAnswer> AnswerWatch::Queries::see(const Packet& packet) {
  dns::Exchange exchange;
  if (!dns::parse_exchange(packet.payload, seed, exchange)) return std::nullopt;
  const Direction asks = exchange.response ? opposite(packet.direction) : packet.direction;
  if (packet.key.source(opposite(asks)).port != dns::kPort) return std::nullopt;
  const IpAddress client = packet.key.source(asks).address;
  std::uint64_t of_client = seed;
  for (const std::uint64_t word : std::bit_cast<std::array<std::uint64_t, 2>>(client.bytes)) {
    of_client = mix(of_client, word);
  }
  Group& group = groups[of_client % kQueryGroups];
  std::uint64_t fingerprint = mix(exchange.fingerprint, static_cast<std::uint64_t>(index_of(asks)));
  for (const std::uint64_t word : packet.key.words()) fingerprint = mix(fingerprint, word);
  if (!exchange.response) {
    group.queries[group.next++ % kQueriesPerGroup] = {
        .fingerprint = fingerprint, .asked = packet.time, .device = packet.sender};
    return std::nullopt;
  }
  const std::optional<Query> query = take(group, fingerprint, packet.time);
  if (!query || !dns::parse_answer(packet.payload, answer)) return std::nullopt;
  return told(client, query->device, answer, packet.time);
}

// The query that waits for this answer, and waits no longer.
std::optional<AnswerWatch::Queries::Query> AnswerWatch::Queries::take(Group& group, std::uint64_t fingerprint,
                                                                      Time now) {
  for (Query& waiting : group.queries) {
    if (waiting.fingerprint != fingerprint) continue;
    const Query query = std::exchange(waiting, {});
    if (query.asked <= now && now - query.asked <= kAnswerWithin) return query;
  }
  return std::nullopt;
}

AnswerWatch::AnswerWatch(std::uint64_t seed) : queries_(std::make_unique<Queries>(seed)) {
  static_assert(kDnsPort == dns::kPort);
}
AnswerWatch::AnswerWatch(AnswerWatch&&) noexcept = default;
AnswerWatch& AnswerWatch::operator=(AnswerWatch&&) noexcept = default;
AnswerWatch::~AnswerWatch() = default;

std::optional<NameAnswer> AnswerWatch::see(const Packet& packet) {
  return queries_->see(packet);
}

}  // namespace netscope
