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
bool read_question(Names& names, Reader& reader, NameText& name, std::uint16_t& type) {
  if (read_name(names, reader, name) != ParseStatus::ok) return false;
  type = reader.u16();
  return reader.u16() == kClassIn && reader.ok();
}

bool read_host(Names& names, Reader& reader, HostName& name) {
  NameText text;
  if (read_name(names, reader, text) != ParseStatus::ok) return false;
  name = HostName::from_dns(text.view());
  return true;
}

// Times to live with the top bit set count as none (RFC 2181, section 8).
std::uint32_t read_seconds(Reader& reader) {
  const std::uint32_t seconds = reader.u32();
  return seconds > 0x7fffffff ? 0 : seconds;
}

// What of a record's data leads on; false: nothing. SVCB and HTTPS (RFC 9460, section 2.2) begin with a priority and a
// target. The hints are addresses of the target, and so of the owner, which is served there; the target is no name of
// the chain: the owner's is what the client shows.
bool read_data(Names& names, Reader data, Answer::Record& record) {
  record.target = {};
  switch (record.type) {
    case kTypeCname: return read_host(names, data, record.target);
    case kTypeSvcb:
    case kTypeHttps: {
      const bool alias = data.u16() == kAlias;
      if (!read_host(names, data, record.target)) return false;
      if (!alias) record.target = {};
      break;
    }
    case kTypeA:
    case kTypeAaaa: break;
    default: return false;
  }
  record.data = data.rest();
  return true;
}

// Behind the question. The number of those that may count.
std::size_t read_records(Names& names, Reader& reader, std::size_t announced, Answer& answer) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::min(announced, kMaxAnswerRecords); ++i) {
    Answer::Record& record = answer.records[count];
    if (!read_host(names, reader, record.owner)) break;
    record.type = reader.u16();
    const std::uint16_t record_class = reader.u16();
    record.seconds = read_seconds(reader);
    const Reader data = reader.child_u16();
    if (!reader.ok()) break;
    if (record_class == kClassIn && read_data(names, data, record)) ++count;
  }
  return count;
}

// The names that the question leads to, and how long each holds.
class Chain {
 public:
  explicit Chain(Answer& answer) : answer_(answer) { answer_.name_count = 1; }

  // The place of that name in the chain; name_count: it is none of it.
  std::size_t place_of(std::string_view owner) const {
    std::size_t place = 0;
    while (place < answer_.name_count && answer_.names[place].view() != owner) ++place;
    return place;
  }
  bool has(std::string_view owner) const { return place_of(owner) < answer_.name_count; }

  // False where it adds no name.
  bool follow(const Answer::Record& alias) {
    const std::size_t place = place_of(alias.owner.view());
    if (place == answer_.name_count || answer_.name_count == kMaxAnswerNames || has(alias.target.view())) return false;
    least_[answer_.name_count] = std::min(least_[place], alias.seconds);
    answer_.names[answer_.name_count++] = alias.target;
    return true;
  }
  void add_address(Bytes bytes, const Answer::Record& record) {
    if (answer_.address_count == kMaxAnswerAddresses) return;
    answer_.addresses[answer_.address_count++] = {
        .address = IpAddress::from_bytes(bytes),
        .seconds = std::min(least_[place_of(record.owner.view())], record.seconds)};
  }

 private:
  Answer& answer_;
  std::array<std::uint32_t, kMaxAnswerNames> least_{std::numeric_limits<std::uint32_t>::max()};
};

void add_hints(const Answer::Record& record, Chain& chain) {
  Reader parameters = Reader::whole(record.data);
  while (!parameters.at_end()) {
    const std::uint16_t key = parameters.u16();
    Reader value = parameters.child_u16();
    if (!parameters.ok()) return;
    if (key != kHintsV4 && key != kHintsV6) continue;
    const std::size_t size = key == kHintsV4 ? 4 : 16;
    while (value.arrived() >= size) chain.add_address(value.take(size), record);
  }
}

void add_addresses(const Answer::Record& record, Chain& chain) {
  switch (record.type) {
    case kTypeA:
    case kTypeAaaa:
      if (record.data.size() == (record.type == kTypeA ? 4u : 16u)) chain.add_address(record.data, record);
      break;
    case kTypeSvcb:
    case kTypeHttps:
      if (record.target.empty()) add_hints(record, chain);
      break;
    default: break;
  }
}

}  // namespace

bool parse_exchange(Bytes datagram, std::uint64_t seed, Exchange& exchange) {
  Names names{.message = Reader::whole(datagram)};
  Reader reader = names.message;
  const Head head = read_head(reader);
  if (!reader.ok() || head.questions != 1 || (head.flags & kOpcode) != 0) return false;
  NameText name;
  std::uint16_t type = 0;
  if (!read_question(names, reader, name, type)) return false;
  exchange.response = (head.flags & kResponse) != 0;
  std::uint64_t mixed = seed ^ head.id;
  const auto mix = [&](std::uint64_t value) {
    mixed = (mixed ^ value) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 29;
  };
  for (const char c : name.view()) mix(static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
  mix(type);
  exchange.fingerprint = mixed;
  return true;
}

// Names first: each round follows the aliases of those that the last one found, and the chain's length bounds them.
bool parse_answer(Bytes datagram, Answer& answer) {
  answer.name_count = answer.address_count = 0;
  Names names{.message = Reader::whole(datagram)};
  Reader reader = names.message;
  const Head head = read_head(reader);
  const bool answers = (head.flags & (kResponse | kOpcode | kResponseCode)) == kResponse;
  if (!reader.ok() || !answers || head.questions != 1 || head.answers == 0) return false;
  NameText asked;
  std::uint16_t type = 0;
  if (!read_question(names, reader, asked, type)) return false;
  answer.names[0] = HostName::from_dns(asked.view());
  const auto records = std::span(answer.records).first(read_records(names, reader, head.answers, answer));
  Chain chain(answer);
  for (bool more = true; more;) {
    more = false;
    for (const Answer::Record& record : records) more |= !record.target.empty() && chain.follow(record);
  }
  for (const Answer::Record& record : records) {
    if (chain.has(record.owner.view())) add_addresses(record, chain);
  }
  return answer.address_count > 0;
}

}  // namespace netscope::dns
