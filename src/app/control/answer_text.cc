#include "app/control/answer_text.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/output/columns.h"
#include "netscope/dpi/protocol.h"

namespace netscope {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNamesShown = 3;

Json part_of(const Json& object, std::string_view key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_object() ? *member : Json::object();
}

std::string text_of(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? printable(member->get<std::string>()) : std::string{};
}

std::uint64_t count_of(const Json& object, const char* key) {
  const auto member = object.find(key);
  if (member == object.end() || !member->is_number_integer()) return 0;
  return member->is_number_unsigned() || member->get<std::int64_t>() > 0 ? member->get<std::uint64_t>() : 0;
}

std::string number_of(const Json& object, const char* key) {
  return std::to_string(count_of(object, key));
}

const Json& rows_of(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  const auto member = object.find(key);
  return member != object.end() && member->is_array() ? *member : kNone;
}

std::string end_of(const Json& flow, const char* address, const char* port) {
  std::string text = text_of(flow, address);
  if (!flow.contains(port)) return text;
  return (text.find(':') == std::string::npos ? text : "[" + text + "]") + ":" + number_of(flow, port);
}

// The names that a flow showed, the last of them last: the one that was blocked where one was. One that only an answer
// of DNS gave it is marked.
std::string names_of(const Json& flow) {
  std::vector<std::string> names;
  const auto add = [&](const Json& name) {
    if (!name.is_string()) return;
    std::string text = printable(name.get<std::string>());
    std::erase(names, text);
    names.push_back(std::move(text));
  };
  for (const Protocol protocol : kOuterFirst) {
    const Json shown = part_of(flow, to_string(protocol));
    const auto member = shown.find(info_of(protocol).name_field);
    if (member == shown.end()) continue;
    if (member->is_array()) std::ranges::for_each(*member, add);
    if (member->is_string()) add(*member);
  }
  if (const std::string learned = text_of(part_of(flow, "netscope"), "name"); names.empty() && !learned.empty()) {
    return learned + " (dns)";
  }
  if (names.empty()) return "-";
  const std::size_t left_out = names.size() - std::min(names.size(), kNamesShown);
  std::string text = left_out > 0 ? std::to_string(left_out) + " more, " : "";
  for (std::size_t i = left_out; i < names.size(); ++i) text += (i > left_out ? ", " : "") + names[i];
  return text;
}

std::string flow_line(const Json& flow) {
  const Json ours = part_of(flow, "netscope"), counts = part_of(flow, "flow");
  const auto sum = [&](const char* a, const char* b) {
    return std::to_string(count_of(counts, a) + count_of(counts, b));
  };
  const std::string app = text_of(ours, "app");
  return left(text_of(part_of(flow, "verdict"), "action"), 7) + ' ' + left(text_of(flow, "proto"), 5) + ' ' +
         end_of(flow, "src_ip", "src_port") + " -> " + end_of(flow, "dest_ip", "dest_port") + "  " + names_of(flow) +
         "  " + (app.empty() ? "-" : app) + "  " + sum("pkts_toserver", "pkts_toclient") + " packets  " +
         sum("bytes_toserver", "bytes_toclient") + " bytes  " + text_of(ours, "rule_id") + '\n';
}

std::string action_line(const Json& action) {
  std::string target;
  for (const char* const key : {"app", "domain", "client", "prefix"}) {
    if (action.contains(key)) target = std::string(key) + " " + text_of(action, key);
  }
  const std::string until = text_of(action, "until");
  return right(number_of(action, "id"), 3) + "  " + left(text_of(action, "action"), 5) + "  " + target + "  since " +
         text_of(action, "since") + (until.empty() ? "" : "  until " + until) + '\n';
}

std::string status_text(const Json& document) {
  const Json stats = part_of(document, "stats"), source = part_of(document, "source");
  const auto number = [&](const char* part, const char* key) { return number_of(part_of(stats, part), key); };
  return text_of(source, "host") + ": " + text_of(source, "name") + "\npackets   " + number("decoder", "pkts") +
         " (accepted " + number("firewall", "accepted") + ", blocked " + number("firewall", "blocked") + ", rejected " +
         number("firewall", "rejected") + "), by the kernel alone " + number("capture", "kernel_packets") +
         "\nflows     " + number("flow", "active") + " now, " + number("flow", "total") + " in all\nlost      " +
         number("capture", "kernel_drops") + " in full queues, " + number("capture", "user_drops") +
         " in full buffers, " + number("capture", "events_dropped") + " events\n";
}

}  // namespace

std::string answer_text(std::string_view verb, const Json& body) {
  if (verb == "status") return status_text(body);
  std::string text;
  if (verb == "flows") {
    for (const Json& flow : rows_of(body, "flows")) text += flow_line(flow);
  } else if (verb == "list") {
    for (const Json& action : rows_of(body, "actions")) text += action_line(action);
  } else if (verb == "reload") {
    text = number_of(body, "rules") + " rules in force\n";
  } else {
    text = (verb == "undo" ? "taken back:\n" : "") + action_line(body);
  }
  return text;
}

std::string refusal_text(const Json& body) {
  const Json error = part_of(body, "error");
  for (const char* const key : {"text", "message"}) {
    const auto member = error.find(key);
    if (member == error.end() || !member->is_string()) continue;
    if (auto text = member->get<std::string>(); !text.empty()) return text;
  }
  return "the gateway refuses and does not say why; its log may";
}

}  // namespace netscope
