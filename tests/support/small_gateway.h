// The whole core in small: a capture in, verdicts counted. For fuzzing.
#pragma once

#include <memory>
#include <numeric>
#include <utility>

#include "netscope/capture/chunk.h"
#include "netscope/capture/packet_decoder.h"
#include "netscope/engine/worker.h"

namespace netscope::test {

class SmallGateway {
 public:
  struct Count {
    std::uint64_t packets = 0;
    std::uint64_t verdicts = 0;
    std::uint64_t open_flows_left = 0;
  };

  // Few flows and little memory, so that eviction and giving up happen within a small input.
  SmallGateway() : worker_(rules(), {.flow_capacity = 8, .inspection_bytes = 16384, .recording = {true, true}}) {}

  Count judge(Bytes capture) {
    Count count;
    CaptureParser parser;
    PacketDecoder decoder(Tunnels::look_through);
    Chunk chunk;
    chunk.bytes = capture;
    take_records(parser, chunk);
    decoder.decode(chunk);
    for (Share& share : chunk.shares) worker_.process(share.packets, share.verdicts);
    worker_.finish();
    for (const RecordPlace& place : chunk.records) count.packets += place.kind == Record::Kind::packet ? 1 : 0;
    const Statistics& seen = worker_.statistics();
    count.verdicts = seen.accepted.packets + seen.dropped.packets + seen.rejected.packets;
    count.open_flows_left = seen.flows_total - std::accumulate(seen.flows.begin(), seen.flows.end(), std::uint64_t{0});
    return count;
  }

 private:
  static const std::shared_ptr<const RuleSet>& rules() {
    static const auto set = [] {
      constexpr std::string_view kRules =
          "[[rule]]\nname='a'\naction='drop'\napp=['YouTube']\n[[rule]]\nname='d'\naction='reject'\n"
          "domain=['blocked.example']\n[[rule]]\nname='i'\naction='drop'\ndst=['198.51.100.0/24']\n"
          "[[rule]]\nname='l'\naction='log'\nproto=['dns']\n";
      Policy policy = parse_policy(kRules, "small.toml", Catalogue::built_in()).value();
      return std::make_shared<const RuleSet>(RuleSet::compile(std::move(policy), Catalogue::built_in()));
    }();
    return set;
  }

  Worker worker_;
};

}  // namespace netscope::test
