// Which rows a condition of the filter language holds for.
#include <algorithm>

#include "core/base/text.h"
#include "core/view/filter_tree.h"

namespace netscope {
namespace {

// "*" stands for any letters, "?" for one. Greedy with one step back, so that no pattern costs more than its product.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == text[t]))) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool protocol_matches(const ProtocolValue& wanted, const FlowRow* flow, std::uint8_t ip_protocol) {
  if (wanted.transport != 0) return wanted.is_transport(ip_protocol);
  if (flow == nullptr) return false;
  return flow->protocol == wanted.protocol || flow->service == wanted.protocol ||
         std::any_of(flow->shown.names.begin(), flow->shown.names.end(),
                     [&](const RowName& name) { return name.from == wanted.protocol; });
}

double seconds_of(const FlowRow& flow) {
  return std::chrono::duration<double>(flow.end - flow.start).count();
}

Action action_of(const FlowRow& flow) {
  return flow.decided ? flow.decision.action : Action::accept;
}

}  // namespace

bool TextPattern::matches(std::string_view value) const {
  switch (kind) {
    case Kind::equal: return to_lower(value) == text;
    case Kind::contains: return to_lower(value).find(text) != std::string::npos;
    case Kind::glob: return glob_matches(text, to_lower(value));
    case Kind::domain: return domain.matches(value);
    case Kind::regex: return regex->found_in(value);
  }
  return false;
}

FilterMatcher::FilterMatcher(const Filter& filter, const Rows& rows)
    : tree_(filter.tree_), rows_(rows), answers_(tree_->conditions.size()) {}

bool FilterMatcher::matches(const FlowRow& flow) {
  return matches(tree_->root, &flow, nullptr);
}

bool FilterMatcher::matches(const PacketRow& packet) {
  return matches(tree_->root, packet.flow == kNoFlow ? nullptr : &rows_.flows()[packet.flow], &packet);
}

bool FilterMatcher::matches(std::uint32_t node, const FlowRow* flow, const PacketRow* packet) {
  const FilterNode& n = tree_->nodes[node];
  switch (n.kind) {
    case FilterNode::Kind::all: return true;
    case FilterNode::Kind::condition: return holds(n.left, flow, packet);
    case FilterNode::Kind::both: return matches(n.left, flow, packet) && matches(n.right, flow, packet);
    case FilterNode::Kind::either: return matches(n.left, flow, packet) || matches(n.right, flow, packet);
    case FilterNode::Kind::negated: return !matches(n.left, flow, packet);
  }
  return false;
}

bool FilterMatcher::text_holds(std::uint32_t condition, TextId text) {
  std::vector<Answer>& answers = answers_[condition];
  if (answers.size() <= text) answers.resize(std::max<std::size_t>(rows_.texts().size(), text + 1));
  if (answers[text] == Answer::unknown) {
    const TextPattern& pattern = std::get<TextPattern>(tree_->conditions[condition].value);
    answers[text] = pattern.matches(rows_.texts()[text]) ? Answer::yes : Answer::no;
  }
  return answers[text] == Answer::yes;
}

// Each of what a person may mean by a word.
bool FilterMatcher::any_text_holds(std::uint32_t condition, const FlowRow& flow) {
  for (const TextId text : {flow.app, flow.category, flow.rule}) {
    if (text != 0 && text_holds(condition, text)) return true;
  }
  for (const RowName& name : flow.shown.names) {
    if (text_holds(condition, name.name)) return true;
  }
  const TextPattern& pattern = std::get<TextPattern>(tree_->conditions[condition].value);
  if (pattern.kind == TextPattern::Kind::regex) return false;  // asked once a text, and addresses are none
  return pattern.matches(to_string(flow.client.address)) || pattern.matches(to_string(flow.server.address)) ||
         pattern.matches(to_string(flow.protocol));
}

bool FilterMatcher::holds(std::uint32_t index, const FlowRow* flow, const PacketRow* packet) {
  const FilterCondition& condition = tree_->conditions[index];
  const auto number = [&](double value) { return std::get<NumberRange>(condition.value).contains(value); };
  const auto address = [&](const IpAddress& of) { return std::get<IpPrefix>(condition.value).contains(of); };
  switch (condition.field) {  // what packets without a flow can answer
    case FilterField::size: return packet != nullptr && number(packet->size_on_wire);
    case FilterField::action: {
      const Action action = packet != nullptr ? packet->action : action_of(*flow);
      return action == std::get<Action>(condition.value);
    }
    case FilterField::proto:
      return protocol_matches(std::get<ProtocolValue>(condition.value), flow,
                              packet != nullptr ? packet->ip_protocol : flow->ip_protocol);
    default: break;
  }
  if (flow == nullptr) return false;
  switch (condition.field) {
    case FilterField::any: return any_text_holds(index, *flow);
    case FilterField::app: return flow->app != 0 && text_holds(index, flow->app);
    case FilterField::category: return flow->category != 0 && text_holds(index, flow->category);
    case FilterField::domain:
      return std::any_of(flow->shown.names.begin(), flow->shown.names.end(),
                         [&](const RowName& name) { return text_holds(index, name.name); });
    case FilterField::rule: return flow->rule != 0 && text_holds(index, flow->rule);
    case FilterField::ja4: return flow->shown.ja4 != 0 && text_holds(index, flow->shown.ja4);
    case FilterField::source:
      return std::any_of(flow->shown.names.begin(), flow->shown.names.end(), [&](const RowName& name) {
        return name_source(name.from) == std::get<NameSource>(condition.value);
      });
    case FilterField::client: return address(flow->client.address);
    case FilterField::server: return address(flow->server.address);
    case FilterField::ip: return address(flow->client.address) || address(flow->server.address);
    case FilterField::port: return number(flow->server.port);
    case FilterField::client_port: return number(flow->client.port);
    case FilterField::state: return flow->state == std::get<FlowState>(condition.value);
    case FilterField::bytes: return number(static_cast<double>(flow->all_bytes()));
    case FilterField::packets: return number(static_cast<double>(flow->all_packets()));
    case FilterField::duration: return number(seconds_of(*flow));
    case FilterField::proto:
    case FilterField::action:
    case FilterField::size: break;  // above
  }
  return false;
}

}  // namespace netscope
