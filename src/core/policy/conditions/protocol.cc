#include "core/policy/conditions/protocol.h"

#include <algorithm>

#include "core/base/text.h"

namespace netscope {
namespace {

struct Transport {
  std::uint8_t ip_protocol;
  std::string_view word;     // of rules
  std::string_view acronym;  // for people
};
constexpr std::array<Transport, 3> kTransports{
    {{ip_protocol::tcp, "tcp", "TCP"}, {ip_protocol::udp, "udp", "UDP"}, {ip_protocol::icmp, "icmp", "ICMP"}}};
const Transport* transport_named(std::string_view word) {
  for (const Transport& transport : kTransports) {
    if (transport.word == word) return &transport;
  }
  return nullptr;
}

// Of a value that names a transport.
const Transport& transport_of(const ProtocolValue& value) {
  for (const Transport& transport : kTransports) {
    if (transport.ip_protocol == value.transport) return transport;
  }
  return kTransports.front();
}

// Refused in other words than what is misspelt, until they are recognized.
constexpr std::array<std::string_view, 2> kLaterProtocols{"ntp", "rtp"};

}  // namespace

Result<ProtocolValue> ProtocolValue::parse(std::string_view written) {
  const std::string word = to_lower(written);
  if (const Transport* transport = transport_named(word)) return ProtocolValue{.transport = transport->ip_protocol};
  if (const std::optional<Protocol> protocol = protocol_named(word)) return ProtocolValue{.protocol = *protocol};
  if (std::ranges::find(kLaterProtocols, word) != kLaterProtocols.end()) return failure(not_supported_yet(written));
  std::vector<std::string_view> words;
  words.reserve(kTransports.size() + kProtocolCount);
  for (const Transport& transport : kTransports) words.push_back(transport.word);
  for (std::size_t i = 1; i < kProtocolCount; ++i) words.push_back(to_string(static_cast<Protocol>(i)));
  return failure(unknown_word("protocol", written, words));
}

std::string_view to_string(const ProtocolValue& value) {
  if (value.transport == 0) return to_string(value.protocol);
  return transport_of(value).word;
}

void ProtocolCondition::read(const RuleReader& in) {
  values_.read(in, kKeys[0], ProtocolValue::parse);
}

void ProtocolCondition::describe(std::vector<std::string>& out) const {
  values_.describe(kKeys[0], out, [](const ProtocolValue& value) { return to_string(value); });
}

void ProtocolCondition::because(const Question& question, std::vector<Reason>& out) const {
  for (const ProtocolValue& value : values_) {
    if (value.transport == 0) {
      if (value.protocol != question.protocol && value.protocol != question.service) continue;
      return out.push_back({.key = kKeys[0], .value = std::string(to_string(value)), .subject{}});
    }
    if (!value.is_transport(question.ends.ip_protocol)) continue;
    const Transport& transport = transport_of(value);
    return out.push_back(
        {.key = kKeys[0], .value = std::string(transport.word), .subject = std::string(transport.acronym)});
  }
}

void ProtocolCondition::sign(Signature& out) const {
  const std::vector<ProtocolValue> values = values_.sorted();
  out.add(values.size());
  for (const ProtocolValue& value : values) {
    out.add(std::uint64_t{value.transport} << 8 | static_cast<std::uint64_t>(value.protocol));
  }
}

bool ProtocolCondition::may_change() const {
  return std::ranges::any_of(values_, is_service, &ProtocolValue::protocol);
}

}  // namespace netscope
