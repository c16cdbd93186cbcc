// Names that a flow does not show, but its server's address has: an answer of DNS told them to its client before the
// flow began.
//
// They stand in only where nothing is left to hope for, and never beside a name of the flow's own. Each of an address's
// names may block, since nobody knows which of them the flow is for; none can make a block undone.
#include "core/dpi/dns.h"
#include "netscope/engine/worker.h"

namespace netscope {

// Questions to a DNS server are not about the server.
bool Worker::takes_learned_name(const Flow& flow) const {
  return options_.learned_names != nullptr && !options_.learned_names->empty() && !flow.named &&
         !is_dns_family(flow.protocol) && !dns::is_port_of(flow.key);
}

// Whether one of the names blocks the flow. If none does, `question` is left with the newest of them.
bool Worker::blocked_by_learned_name(Flow& flow, const Moment& moment, Question& question) {
  const IpAddress client = flow.key.source(flow.client).address;
  const IpAddress server = flow.key.source(opposite(flow.client)).address;
  bool blocked = false;
  std::string_view newest;
  const auto ask = [&](std::string_view name) {
    question.name = name;
    question.app = rules_->catalogue().find(name);
    question.source = NameSource::dns;
  };
  const FlowRecord& record = table_.record_of(flow);
  options_.learned_names->for_each(client, server, record.first_seen, record.first_number,
                                   [&](const std::vector<std::string>& names) {
                                     newest = names.front();
                                     for (const std::string& name : names) {
                                       if (blocked) return;
                                       ask(name);
                                       const auto decision = rules_->decide(question);
                                       if (!decision || !decision->blocks()) continue;
                                       take_learned_name(flow, name);
                                       settle(flow, moment, *decision, question);
                                       blocked = true;
                                     }
                                   });
  if (!blocked && !newest.empty()) ask(newest);
  return blocked;
}

// For reports.
void Worker::take_newest_learned_name(Flow& flow) {
  if (!options_.recording.names() || !takes_learned_name(flow)) return;
  if (flow.shown != nullptr && !flow.shown->names.empty()) return;
  const IpAddress client = flow.key.source(flow.client).address;
  const IpAddress server = flow.key.source(opposite(flow.client)).address;
  std::string_view newest;
  const FlowRecord& record = table_.record_of(flow);
  options_.learned_names->for_each(client, server, record.first_seen, record.first_number,
                                   [&](const std::vector<std::string>& names) { newest = names.front(); });
  if (!newest.empty()) take_learned_name(flow, newest);
}

void Worker::take_learned_name(Flow& flow, std::string_view name) {
  if (flow.app == kNoApp) flow.app = rules_->catalogue().find(name);
  if (!options_.recording.names()) return;
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  if (flow.shown->names.empty()) ++statistics_.learned_names;
  flow.shown->names.assign(1, {std::string(name), Protocol::unknown});
}

}  // namespace netscope
