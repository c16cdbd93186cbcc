#include "netscope/view/eve_row.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <variant>

namespace netscope {
namespace {

// The values of a JSON object by their paths ("flow.start"); those of a list all have the list's path. What nests
// deeper than a row does is refused.
class Fields : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Fields> {
 public:
  bool StartObject() {
    if (ends_.size() == kMaxDepth) return false;
    ends_.push_back(path_.size());
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    path_.resize(ends_.back());
    if (!path_.empty()) path_ += '.';
    path_.append(text, size);
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    path_.resize(ends_.back());
    ends_.pop_back();
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    values_.push_back({path_, std::string(text, size)});
    return true;
  }
  bool Uint64(std::uint64_t number) {
    values_.push_back({path_, number});
    return true;
  }
  bool Uint(unsigned number) { return Uint64(number); }
  bool Default() { return true; }  // of no interest

  std::string_view text(std::string_view path) {
    const Value* value = find(path);
    if (value == nullptr) return {};
    if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
    wrong_ = path;
    return {};
  }
  std::uint64_t number(std::string_view path) {
    const Value* value = find(path);
    if (value == nullptr) return 0;
    if (const auto* number = std::get_if<std::uint64_t>(&value->value)) return *number;
    wrong_ = path;
    return 0;
  }
  template <class Visit>
  void for_each_text(std::string_view path, Visit visit) const {
    for (const Value& value : values_) {
      if (value.path != path) continue;
      if (const auto* text = std::get_if<std::string>(&value.value)) visit(std::string_view(*text));
    }
  }
  // A field that was asked for and has another type; empty: none.
  const std::string& wrong_field() const { return wrong_; }

 private:
  static constexpr std::size_t kMaxDepth = 8;

  struct Value {
    std::string path;
    std::variant<std::string, std::uint64_t> value;
  };
  const Value* find(std::string_view path) const {
    const auto at = std::find_if(values_.begin(), values_.end(), [&](const Value& v) { return v.path == path; });
    return at == values_.end() ? nullptr : &*at;
  }

  std::string path_;
  std::vector<std::size_t> ends_;  // of the paths of the objects that are open
  std::vector<Value> values_;
  std::string wrong_;
};

// Digits of a fixed place; 0 where there are none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (text.size() >= at + count) std::from_chars(text.data() + at, text.data() + at + count, value);
  return value;
}

// "2026-11-23T02:00:00.123456+0000", the only form that is written.
Time parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  const year_month_day date{year{digits(text, 0, 4)}, month{static_cast<unsigned>(digits(text, 5, 2))},
                            day{static_cast<unsigned>(digits(text, 8, 2))}};
  if (text.size() < 26 || !date.ok()) return Time{};
  return sys_days{date} + hours{digits(text, 11, 2)} + minutes{digits(text, 14, 2)} + seconds{digits(text, 17, 2)} +
         microseconds{digits(text, 20, 6)};
}

std::uint8_t protocol_number(std::string_view name) {
  if (name == "TCP") return ip_protocol::tcp;
  if (name == "UDP") return ip_protocol::udp;
  if (name == "ICMP") return ip_protocol::icmp;
  if (name == "IPv6-ICMP") return ip_protocol::icmp_v6;
  if (name == "GRE") return ip_protocol::gre;
  std::uint8_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

FlowState state_named(std::string_view name) {
  for (std::size_t i = 0; i < kFlowStateCount; ++i) {
    if (name == to_string(static_cast<FlowState>(i))) return static_cast<FlowState>(i);
  }
  return FlowState::opened;
}

Action action_named(std::string_view name) {
  for (const Action action : {Action::drop, Action::reject}) {
    if (name == to_string(action)) return action;
  }
  return Action::accept;
}

Endpoint endpoint(Fields& fields, const char* address, const char* port) {
  return {.address = IpAddress::parse(fields.text(address)).value_or(IpAddress{}),
          .port = static_cast<std::uint16_t>(fields.number(port))};
}

// A field of the object in which an event has what a protocol shows.
std::string path_of(Protocol protocol, std::string_view field) {
  return std::string(to_string(protocol)) + '.' + std::string(field);
}

}  // namespace

Result<void> fill_from_json(FlowRow& row, std::string_view json, const Catalogue& catalogue, Texts& texts) {
  if (json.size() > kMaxLiveRow) return failure("a flow of more than 64 KiB of JSON");
  rapidjson::MemoryStream in(json.data(), json.size());
  rapidjson::Reader reader;
  Fields fields;
  if (reader.Parse<rapidjson::kParseIterativeFlag>(in, fields).IsError()) {
    return failure("a flow that is no JSON object of one");
  }
  row.id = fields.number("flow_id");
  row.client = endpoint(fields, "src_ip", "src_port");
  row.server = endpoint(fields, "dest_ip", "dest_port");
  row.ip_protocol = protocol_number(fields.text("proto"));
  row.protocol = protocol_named(fields.text("app_proto")).value_or(Protocol::unknown);
  row.service = protocol_named(fields.text("netscope.service")).value_or(Protocol::unknown);
  row.start = parse_timestamp(fields.text("flow.start"));
  row.end = parse_timestamp(fields.text("flow.end"));
  row.packets = {fields.number("flow.pkts_toserver"), fields.number("flow.pkts_toclient")};
  row.bytes = {fields.number("flow.bytes_toserver"), fields.number("flow.bytes_toclient")};
  row.state = state_named(fields.text("flow.state"));
  row.timed_out = fields.text("flow.reason") == "timeout";
  row.app = texts.id_of(fields.text("netscope.app"));
  row.category = texts.id_of(fields.text("netscope.category"));
  row.rule = texts.id_of(fields.text("netscope.rule_id"));
  row.app_id = catalogue.named(fields.text("netscope.app")).value_or(kNoApp);
  row.decided = row.rule != 0;
  row.decision.action = action_named(fields.text("verdict.action"));
  row.blocked_packets = row.decision.blocks() ? row.all_packets() : 0;
  row.shown.ja4 = 0;
  row.shown.names.clear();
  const auto take_names = [&](std::string_view path, Protocol shown_by) {
    fields.for_each_text(path,
                         [&](std::string_view name) { row.shown.names.push_back({texts.id_of(name), shown_by}); });
  };
  for (const Protocol protocol : kRowOrder) {
    if (has_hello(protocol)) {
      if (const auto ja4 = fields.text(path_of(protocol, "ja4")); !ja4.empty()) row.shown.ja4 = texts.id_of(ja4);
    }
    take_names(path_of(protocol, info_of(protocol).name_field), protocol);
  }
  take_names("netscope.name", Protocol::unknown);
  if (!fields.wrong_field().empty()) return failure("a flow whose " + fields.wrong_field() + " has another type");
  return {};
}

}  // namespace netscope
