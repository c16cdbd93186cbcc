// The answer section of a DNS response. Nothing in it is trusted beyond what it says: who may speak for whom is checked
// where queries are remembered (engine/answer_watch).
#include "core/dpi/dns_answer.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/dpi/dns_name.h"

namespace netscope::dns {
namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kHintsV4 = 4, kHintsV6 = 6;  // SvcParamKeys (RFC 9460, section 14.3.2)
constexpr std::uint16_t kAlias = 0;                  // SvcPriority of alias mode

constexpr std::uint16_t kResponse = 0x8000, kOpcode = 0x7800, kResponseCode = 0x000f;

struct Head {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
};

Head read_head(Reader& reader) {
  Head head;
  head.id = reader.u16();
  head.flags = reader.u16();
  head.questions = reader.u16();
  head.answers = reader.u16();
  reader.skip(4);
  return head;
}

// Behind the head of a message with one question of class IN; false: it is something else.
bool read_question(Bytes datagram, Reader& reader, HostName& name) {
  NameText text;
  if (read_name(datagram, reader, text) != ParseStatus::ok) return false;
  reader.skip(2);  // the type
  if (reader.u16() != kClassIn || !reader.ok()) return false;
  name = HostName::from_dns(text.view());
  return !name.empty();
}

// The way from the question to the addresses, as far as it is read.
class Chain {
 public:
  explicit Chain(Answer& answer) : answer_(answer) {}

  bool ends_with(std::string_view owner) const { return answer_.names[answer_.name_count - 1].view() == owner; }
  // The place of that name in the chain; name_count: it is none of it.
  std::size_t place_of(std::string_view owner) const {
    std::size_t place = 0;
    while (place < answer_.name_count && answer_.names[place].view() != owner) ++place;
    return place;
  }
  void lead_on(const HostName& target, std::uint32_t seconds) {
    if (target.empty() || answer_.name_count == kMaxAnswerNames) return;
    if (place_of(target.view()) < answer_.name_count) return;  // a loop
    least_[answer_.name_count] = std::min(least_[answer_.name_count - 1u], seconds);
    answer_.names[answer_.name_count++] = target;
  }
  void add_address(Bytes bytes, std::size_t place, std::uint32_t seconds) {
    if (answer_.address_count == kMaxAnswerAddresses) return;
    answer_.addresses[answer_.address_count++] = {.address = IpAddress::from_bytes(bytes),
                                                  .seconds = std::min(least_[place], seconds)};
  }

 private:
  Answer& answer_;
  std::array<std::uint32_t, kMaxAnswerNames> least_{std::numeric_limits<std::uint32_t>::max()};
};

struct RecordHead {
  HostName owner;
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;
  std::uint32_t seconds = 0;
};

// A name within a part of the message that has a length of its own: pointers count from the message's beginning.
bool read_target(Bytes datagram, Reader& data, HostName& target) {
  NameText text;
  const Bytes rest = data.rest();
  const std::size_t end = static_cast<std::size_t>(rest.data() - datagram.data()) + rest.size();
  if (read_name(datagram.first(end), data, text) != ParseStatus::ok) return false;
  target = HostName::from_dns(text.view());
  return true;
}

void read_hints(Reader parameters, std::size_t place, std::uint32_t seconds, Chain& chain) {
  while (!parameters.at_end()) {
    const std::uint16_t key = parameters.u16();
    Reader value = parameters.child_u16();
    if (!parameters.ok()) return;
    if (key != kHintsV4 && key != kHintsV6) continue;
    const std::size_t size = key == kHintsV4 ? 4 : 16;
    while (value.arrived() >= size) chain.add_address(value.take(size), place, seconds);
  }
}

// SVCB and HTTPS (RFC 9460, section 2.2): priority, target, parameters. The hints are addresses of the target, and so
// of the owner, which is served there; the target is no name of the chain: the owner's is what the client shows.
void read_service(Bytes datagram, const RecordHead& head, Reader data, Chain& chain) {
  const std::uint16_t priority = data.u16();
  HostName target;
  if (!read_target(datagram, data, target)) return;
  if (priority != kAlias) {
    read_hints(data, chain.place_of(head.owner.view()), head.seconds, chain);
  } else if (chain.ends_with(head.owner.view())) {
    chain.lead_on(target, head.seconds);
  }
}

void read_data(Bytes datagram, const RecordHead& head, Reader data, Chain& chain) {
  const std::size_t size = head.type == kTypeA ? 4 : 16;
  HostName target;
  switch (head.type) {
    case kTypeA:
    case kTypeAaaa:
      if (data.arrived() == size) chain.add_address(data.take(size), chain.place_of(head.owner.view()), head.seconds);
      break;
    case kTypeCname:
      if (chain.ends_with(head.owner.view()) && read_target(datagram, data, target)) {
        chain.lead_on(target, head.seconds);
      }
      break;
    case kTypeSvcb:
    case kTypeHttps: read_service(datagram, head, data, chain); break;
    default: break;
  }
}

// Times to live with the top bit set count as none (RFC 2181, section 8).
std::uint32_t read_seconds(Reader& reader) {
  const std::uint32_t seconds = reader.u32();
  return seconds > 0x7fffffff ? 0 : seconds;
}

}  // namespace

bool parse_exchange(Bytes datagram, std::uint64_t seed, Exchange& exchange) {
  Reader reader = Reader::whole(datagram);
  const Head head = read_head(reader);
  if (!reader.ok() || head.questions != 1 || (head.flags & kOpcode) != 0) return false;
  exchange.response = (head.flags & kResponse) != 0;
  // A question stands first, so nothing in it can be a pointer: its bytes are as they are compared, but for the case.
  std::uint64_t mixed = seed ^ head.id;
  const auto mix = [&](std::uint8_t byte) {
    mixed = (mixed ^ byte) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 29;
  };
  for (std::size_t length = 1; length <= kMaxWireName;) {
    const std::uint8_t label = reader.u8();
    if (!reader.ok() || label > 63) return false;
    mix(label);
    length += std::size_t{1} + label;
    for (const std::uint8_t byte : reader.take(label)) mix(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    if (label != 0) continue;
    const std::uint16_t type = reader.u16();
    mix(static_cast<std::uint8_t>(type >> 8));
    mix(static_cast<std::uint8_t>(type));
    exchange.fingerprint = mixed;
    return reader.u16() == kClassIn && reader.ok();
  }
  return false;
}

bool parse_answer(Bytes datagram, Answer& answer) {
  answer.name_count = answer.address_count = 0;
  Reader reader = Reader::whole(datagram);
  const Head head = read_head(reader);
  const bool answers = (head.flags & (kResponse | kOpcode | kResponseCode)) == kResponse;
  if (!reader.ok() || !answers || head.questions != 1 || head.answers == 0) return false;
  if (!read_question(datagram, reader, answer.names[0])) return false;
  answer.name_count = 1;
  Chain chain(answer);
  const std::size_t records = std::min<std::size_t>(head.answers, kMaxAnswerRecords);
  for (std::size_t i = 0; i < records; ++i) {
    RecordHead record;
    if (!read_target(datagram, reader, record.owner)) break;
    record.type = reader.u16();
    record.record_class = reader.u16();
    record.seconds = read_seconds(reader);
    const Reader data = reader.child_u16();
    if (!reader.ok()) break;
    const bool of_chain = chain.place_of(record.owner.view()) < answer.name_count;
    if (record.record_class == kClassIn && of_chain) read_data(datagram, record, data, chain);
  }
  return answer.address_count > 0;
}

}  // namespace netscope::dns
