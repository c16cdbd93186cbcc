// The core as a page's worker calls it; README.md beside this file is the contract.
//
// One page, one module, one view: a few globals stand for what a program would keep in main. Text goes in through one
// buffer and comes out through another; numbers are arguments.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "netscope/output/eve.h"
#include "netscope/output/stats_document.h"
#include "netscope/view/analysis.h"
#include "netscope/view/eve_row.h"
#include "netscope/view/row_json.h"
#include "netscope/view/selection.h"
#include "netscope/view/trial.h"

#define EXPORT(name) extern "C" [[clang::export_name(#name), gnu::used]]

namespace netscope {
namespace {

enum Answer : int { kDone = 0, kFailed = 1 };

// Flows of a gateway that are kept at once.
constexpr std::size_t kMaxLiveFlows = 100'000;
// Packets of one flow that are listed.
constexpr std::size_t kMaxListedPackets = 1000;

struct View {
  std::shared_ptr<const RuleSet> rules;
  std::unique_ptr<Analysis> analysis;
  // A gateway's flows, in place of an analysis.
  Rows live;
  std::unordered_map<std::uint64_t, FlowIndex> live_flows;  // by id
  FlowIndex next_live = 0;                                  // the place that is taken next, once all are
  std::unordered_map<std::string_view, RuleIndex> rules_by_name;

  Selection selection;
  FlowColumn column = FlowColumn::start;
  SortOrder order = SortOrder::ascending;
  bool sorted = false;

  const Rows& rows() const { return analysis != nullptr ? analysis->rows() : live; }

  void take_rules(std::shared_ptr<const RuleSet> taken) {
    rules_by_name.clear();  // its keys lie in the rules of before
    rules = std::move(taken);
    for (RuleIndex i = 0; i < rules->rules().size(); ++i) rules_by_name[rules->rules()[i].name] = i;
    for (FlowIndex i = 0; i < live.flows().size(); ++i) find_rule(live.flow(i));
  }
  // A gateway tells rules by their names.
  void find_rule(FlowRow& flow) const {
    const auto found = rules_by_name.find(live.texts()[flow.rule]);
    flow.decision.rule = found == rules_by_name.end() ? kDefaultPolicy : found->second;
  }
};

std::vector<std::uint8_t> input;
std::string output;
std::unique_ptr<View> view;

std::string_view input_text(std::size_t size) {
  return as_text(Bytes{input}.first(std::min(size, input.size())));
}

Answer answer(JsonWriter& json) {
  output = json.result();
  return kDone;
}

Answer failed(const Error& error) {
  JsonWriter json;
  json.begin_object();
  json.begin_object("error");
  json.text("message", error.message);
  json.number("line", error.line);
  json.number("column", error.column);
  json.end_object();
  json.end_object();
  output = json.result();
  return kFailed;
}

Answer done(const Result<void>& result) {
  if (!result) return failed(result.error());
  output.clear();
  return kDone;
}

std::expected<std::shared_ptr<const RuleSet>, Error> compile(std::string_view toml) {
  auto policy = parse_policy(toml, "", Catalogue::built_in());
  if (!policy) return std::unexpected(policy.error().front());
  return std::make_shared<const RuleSet>(RuleSet::compile(std::move(*policy), Catalogue::built_in()));
}

Answer open(std::string_view toml, bool live) {
  auto rules = compile(toml);
  if (!rules) return failed(rules.error());
  view = std::make_unique<View>();
  view->take_rules(std::move(*rules));
  if (!live) view->analysis = std::make_unique<Analysis>(view->rules, Tunnels::look_through);
  output.clear();
  return kDone;
}

void sort_as_wanted() {
  if (view->sorted) return;
  view->selection.sort_flows(view->rows(), view->column, view->order);
  view->sorted = true;
}

Answer select(std::string_view text, double from, double to) {
  const auto filter = Filter::parse(text);
  if (!filter) {
    JsonWriter json;
    json.begin_object();
    json.begin_object("error");
    json.text("message", filter.error().message);
    json.number("begin", filter.error().begin);
    json.number("end", filter.error().end);
    json.end_object();
    json.end_object();
    answer(json);
    return kFailed;
  }
  const auto moment = [](double seconds) {
    return Time{std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))};
  };
  const TimeSpan span = from < to ? TimeSpan{moment(from), moment(to)} : TimeSpan{};
  view->selection.select(view->rows(), *filter, span);
  view->sorted = false;
  JsonWriter json;
  json.begin_object();
  json.number("packets", view->selection.packets().size());
  json.number("flows", view->selection.flows().size());
  json.end_object();
  return answer(json);
}

Answer stats(double now, std::string_view name) {
  const bool whole = view->analysis != nullptr && view->selection.is_everything();
  const RunTotals totals = whole ? view->analysis->totals() : totals_of(view->selection, view->rows(), *view->rules);
  const Time time{std::chrono::duration_cast<Duration>(std::chrono::duration<double>(now))};
  output = to_json(stats_of_run({.kind = view->analysis != nullptr ? "pcap" : "live",
                                 .name = name,
                                 .version = NETSCOPE_VERSION,
                                 .timestamp = time},
                                totals, KernelView{}, *view->rules));
  return kDone;
}

// At a gateway, a flow may wait for its verdict, or have it from a hand or from rules of before.
bool is_explained(const FlowRow& flow) {
  return view->analysis != nullptr ||
         (flow.decided && view->rules->rule_name(flow.decision.rule) == view->live.texts()[flow.rule]);
}

Answer flow_details(FlowIndex index) {
  const Rows& rows = view->rows();
  if (index >= rows.flows().size()) return failed({.message = "there is no such flow"});
  const FlowRow& flow = rows.flows()[index];
  JsonWriter json;
  json.begin_array();
  write_flow(json, rows, index);
  json.begin_object();
  json.begin_array("names");
  for (const RowName& seen : flow.shown.names) {
    json.begin_object();
    json.text("name", rows.texts()[seen.name]);
    json.text("from", to_string(seen.from));
    json.text("source", to_string(name_source(seen.from)));
    json.end_object();
  }
  json.end_array();
  if (flow.service != Protocol::unknown) json.text("service", to_string(flow.service));
  if (flow.shown.ja4 != 0) json.text("ja4", rows.texts()[flow.shown.ja4]);
  if (is_explained(flow)) json.text("why", why(flow, rows.texts(), *view->rules));
  json.begin_array("packets");
  std::size_t listed = 0;
  const auto& packets = rows.packets();
  for (std::size_t i = flow.first_number; i > 0 && i <= packets.size() && listed < kMaxListedPackets; ++i) {
    if (packets[i - 1].flow != index) continue;
    json.number(i);
    ++listed;
  }
  json.end_array();
  json.end_object();
  json.end_array();
  return answer(json);
}

Answer packet_place(std::uint32_t number) {
  const Rows& rows = view->rows();
  if (number == 0 || number > rows.packets().size()) return failed({.message = "there is no such packet"});
  const PacketRow& packet = rows.packets()[number - 1];
  JsonWriter json;
  json.begin_array();
  write_packet(json, rows, number, *view->rules);
  json.begin_object();
  json.number("file", packet.file);
  json.number("offset", packet.offset);
  json.number("size", packet.captured);
  json.end_object();
  json.end_array();
  return answer(json);
}

Answer add_flow(std::string_view row_json) {
  FlowRow row;
  Rows& rows = view->live;
  if (auto filled = fill_from_json(row, row_json, view->rules->catalogue(), rows.texts()); !filled) return done(filled);
  const auto known = view->live_flows.find(row.id);
  FlowIndex place = 0;
  if (known != view->live_flows.end()) {
    place = known->second;
  } else if (rows.flows().size() < kMaxLiveFlows) {
    place = rows.add_flow();
  } else {
    place = view->next_live;
    view->next_live = static_cast<FlowIndex>((place + 1) % kMaxLiveFlows);
    view->live_flows.erase(rows.flows()[place].id);
  }
  view->live_flows[row.id] = place;
  view->find_rule(row);
  rows.flow(place) = std::move(row);
  output.clear();
  return kDone;
}

Answer answer(const Trial& trial) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [key, list] :
       {std::pair{"newly_blocked", &trial.newly_blocked}, std::pair{"newly_allowed", &trial.newly_allowed}}) {
    json.begin_array(key);
    for (const FlowIndex flow : *list) json.number(flow);
    json.end_array();
  }
  json.number("unchanged", trial.unchanged);
  json.end_object();
  return answer(json);
}

// Of each of these flows (their ids, 64 bits each, little-endian), whether it is in view: one byte.
Answer in_view(std::size_t size) {
  std::vector<bool> chosen(view->live.flows().size());
  for (const FlowIndex flow : view->selection.flows()) chosen[flow] = true;
  Reader in = Reader::whole(Bytes{input}.first(std::min(size, input.size())));
  output.clear();
  while (in.arrived() >= 8) {
    const std::uint64_t low = in.u32_le(), high = in.u32_le();
    const auto found = view->live_flows.find(high << 32 | low);
    output += found != view->live_flows.end() && found->second < chosen.size() && chosen[found->second] ? '\1' : '\0';
  }
  return kDone;
}

// What the simulation compares: (number of the opening packet, action) of each flow, 32 bits each, little-endian.
Answer verdicts() {
  output.clear();
  const auto append = [](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) output += static_cast<char>(value >> shift & 0xff);
  };
  for (const FlowRow& flow : view->rows().flows()) {
    append(static_cast<std::uint32_t>(flow.first_number));
    append(flow.blocked_packets > 0 ? 1 : 0);
  }
  return kDone;
}

Answer compare(std::size_t size) {
  Reader in = Reader::whole(Bytes{input}.first(std::min(size, input.size())));
  std::unordered_map<std::uint32_t, bool> other;
  while (in.arrived() >= 8) {
    const std::uint32_t number = in.u32_le();
    other[number] = in.u32_le() != 0;
  }
  Trial trial;
  const auto& flows = view->rows().flows();
  for (FlowIndex i = 0; i < flows.size(); ++i) {
    const auto found = other.find(static_cast<std::uint32_t>(flows[i].first_number));
    const bool was = flows[i].blocked_packets > 0;
    const bool would = found != other.end() ? found->second : was;
    if (was == would) {
      ++trial.unchanged;
    } else {
      (would ? trial.newly_blocked : trial.newly_allowed).push_back(i);
    }
  }
  return answer(trial);
}

Answer set_rules(std::string_view toml) {
  auto rules = compile(toml);
  if (!rules) return failed(rules.error());
  view->take_rules(std::move(*rules));
  output.clear();
  return kDone;
}

Answer try_draft(std::string_view toml) {
  const auto draft = compile(toml);
  return draft ? answer(try_rules(view->rows(), *view->rules, **draft)) : failed(draft.error());
}

// The stretches of a file that hold its headers and the packets that pass, as [offset, size, ...].
Answer ranges(std::uint32_t file, bool selected_only) {
  struct Stretch {
    std::uint64_t begin, size;
  };
  std::vector<Stretch> stretches;
  const Rows& rows = view->rows();
  for (const HeaderRow& header : rows.headers()) {
    if (header.file == file) stretches.push_back({header.offset, header.size});
  }
  const auto add = [&](const PacketRow& packet) {
    if (packet.file != file || packet.action != Action::accept) return;
    stretches.push_back({packet.offset - packet.lead, packet.record_size});
  };
  if (selected_only) {
    for (const std::uint32_t packet : view->selection.packets()) add(rows.packets()[packet]);
  } else {
    for (const PacketRow& packet : rows.packets()) add(packet);
  }
  std::sort(stretches.begin(), stretches.end(), [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; i < stretches.size();) {
    Stretch whole = stretches[i++];
    while (i < stretches.size() && stretches[i].begin == whole.begin + whole.size) whole.size += stretches[i++].size;
    json.number(whole.begin);
    json.number(whole.size);
  }
  json.end_array();
  return answer(json);
}

}  // namespace
}  // namespace netscope

using namespace netscope;

EXPORT(buffer) std::uint8_t* netscope_buffer(std::size_t size) {
  if (input.size() < size) input.resize(size);
  return input.data();
}
EXPORT(result) const char* netscope_result() {
  return output.data();
}
EXPORT(result_size) std::size_t netscope_result_size() {
  return output.size();
}
EXPORT(open) int netscope_open(std::size_t size, int live) {
  return open(input_text(size), live != 0);
}
EXPORT(check) int netscope_check(std::size_t size) {
  const auto rules = compile(input_text(size));
  return done(rules ? Result<void>{} : Result<void>{std::unexpected(rules.error())});
}
EXPORT(room) std::uint8_t* netscope_room() {
  return view->analysis->room().data();
}
EXPORT(room_size) std::size_t netscope_room_size() {
  return view->analysis->room().size();
}
EXPORT(take) int netscope_take(std::size_t size) {
  return done(view->analysis->take(std::min(size, view->analysis->room().size())));
}
EXPORT(end_capture) int netscope_end_capture() {
  return done(view->analysis->end_capture());
}
EXPORT(finish) int netscope_finish() {
  view->analysis->finish();
  return select({}, 0, 0);
}
EXPORT(set_rules) int netscope_set_rules(std::size_t size) {
  return set_rules(input_text(size));
}
EXPORT(try_draft) int netscope_try_draft(std::size_t size) {
  return try_draft(input_text(size));
}
EXPORT(in_view) int netscope_in_view(std::size_t size) {
  return in_view(size);
}
EXPORT(add_flow) int netscope_add_flow(std::size_t size) {
  return add_flow(input_text(size));
}
EXPORT(select) int netscope_select(std::size_t size, double from, double to) {
  return select(input_text(size), from, to);
}
EXPORT(sort) void netscope_sort(std::uint32_t column, int descending) {
  view->column = static_cast<FlowColumn>(std::min<std::uint32_t>(column, kFlowColumns - 1));
  view->order = descending != 0 ? SortOrder::descending : SortOrder::ascending;
  view->sorted = false;
}
EXPORT(stats) int netscope_stats(std::size_t name_size, double now) {
  return stats(now, input_text(name_size));
}
EXPORT(packets) int netscope_packets(std::uint32_t first, std::uint32_t count) {
  JsonWriter json;
  json.begin_array();
  const auto packets = view->selection.packets();
  for (std::size_t i = first; i < packets.size() && i - first < count; ++i) {
    write_packet(json, view->rows(), packets[i] + 1, *view->rules);
  }
  json.end_array();
  return answer(json);
}
EXPORT(flows) int netscope_flows(std::uint32_t first, std::uint32_t count) {
  sort_as_wanted();
  JsonWriter json;
  json.begin_array();
  const auto flows = view->selection.flows();
  for (std::size_t i = first; i < flows.size() && i - first < count; ++i) write_flow(json, view->rows(), flows[i]);
  json.end_array();
  return answer(json);
}
EXPORT(flow) int netscope_flow(std::uint32_t index) {
  return flow_details(index);
}
EXPORT(flow_row) int netscope_flow_row(std::uint32_t index) {
  if (index >= view->rows().flows().size()) return failed({.message = "there is no such flow"});
  JsonWriter json;
  write_flow(json, view->rows(), index);
  return answer(json);
}
EXPORT(packet) int netscope_packet(std::uint32_t number) {
  return packet_place(number);
}
// The position of a packet among those selected; -1: it is not selected.
EXPORT(position_of_packet) int netscope_position_of_packet(std::uint32_t number) {
  const auto packets = view->selection.packets();
  const auto at = std::lower_bound(packets.begin(), packets.end(), number - 1);
  return at == packets.end() || *at != number - 1 ? -1 : static_cast<int>(at - packets.begin());
}
EXPORT(complete) int netscope_complete(std::size_t size, std::size_t cursor) {
  const Completion completion = complete_filter(input_text(size), cursor, view->rows());
  JsonWriter json;
  json.begin_object();
  json.number("from", completion.from);
  json.begin_array("words");
  for (const std::string& word : completion.words) json.text(word);
  json.end_array();
  json.end_object();
  return answer(json);
}
EXPORT(verdicts) int netscope_verdicts() {
  return verdicts();
}
EXPORT(compare) int netscope_compare(std::size_t size) {
  return compare(size);
}
EXPORT(ranges) int netscope_ranges(std::uint32_t file, int selected_only) {
  return ranges(file, selected_only != 0);
}
// The selected flow at this position as a line of --flows.
EXPORT(eve) int netscope_eve(std::uint32_t first, std::uint32_t count) {
  sort_as_wanted();
  output.clear();
  const auto flows = view->selection.flows();
  for (std::size_t i = first; i < flows.size() && i - first < count; ++i) {
    const FlowRow& row = view->rows().flows()[flows[i]];
    append_eve(output, event_of(row, view->rows().texts()), *view->rules, EventOrigin::capture);
  }
  return kDone;
}
