// DNS messages up to the end of their questions. The evidence that a datagram on any port is DNS lies in a question
// whose name ends properly and whose class exists; what servers ignore (Z, a query's rcode, the counts of what stands
// behind the question) is no reason to look away from such a question, since a client could set it to pass.
#include "core/dpi/dns.h"

#include <algorithm>

#include "core/dpi/dns_name.h"

namespace netscope::dns {
namespace {

constexpr std::size_t kMinQuestionLength = 5;  // the root's name, type, class
constexpr std::size_t kMinRecordLength = 11;   // the same, time to live, length
constexpr std::size_t kMaxDatagram = 65535;
constexpr std::uint16_t kTypeOpt = 41;         // its class field is a size (RFC 6891, section 6.1.2)
constexpr std::uint8_t kOpcodeStateful = 6;    // RFC 8490, section 5.4
constexpr std::uint16_t kUnicastBit = 0x8000;  // in a class of mDNS: QU, or cache flush (RFC 6762, section 18.12)

bool is_class(std::uint16_t value) {
  switch (value & ~kUnicastBit) {
    case 1:    // IN
    case 3:    // CH
    case 4:    // HS
    case 254:  // NONE, in updates
    case 255:  // ANY
      return true;
    default: return false;
  }
}

constexpr std::uint16_t kUnusedByDso = 0x07f0;  // flags that are zero in it

// query, inverse query, status, notify, update, stateful operations
bool is_opcode(std::uint8_t opcode) {
  return opcode <= kOpcodeStateful && opcode != 3;
}

ParseStatus read_question(Names& names, Reader& reader, Question& question) {
  NameText name;
  if (const ParseStatus status = read_name(names, reader, name); status != ParseStatus::ok) return status;
  question.type = reader.u16();
  const std::uint16_t question_class = reader.u16();
  if (!reader.ok()) return reader.status();
  if (question.type == 0 || !is_class(question_class)) return ParseStatus::no_match;
  question.name = HostName::from_dns(name.view());
  return ParseStatus::ok;
}

// The head of a record, read where there is no question to tell DNS by.
ParseStatus check_record(Names& names, Reader& reader) {
  NameText name;
  if (const ParseStatus status = read_name(names, reader, name); status != ParseStatus::ok) return status;
  const std::uint16_t type = reader.u16();
  const std::uint16_t record_class = reader.u16();
  reader.skip(6);  // time to live, length
  if (!reader.ok()) return reader.status();
  return type == kTypeOpt || (type != 0 && is_class(record_class)) ? ParseStatus::ok : ParseStatus::no_match;
}

struct Counts {
  std::size_t questions = 0;
  std::size_t records = 0;
  bool reserved_bit = false;  // Z
};

// ok, need_more or malformed.
ParseStatus read_header(Reader& reader, std::size_t declared, Message& message, Counts& counts) {
  message.id = reader.u16();
  const std::uint16_t flags = reader.u16();
  message.response = (flags & 0x8000) != 0;
  message.opcode = static_cast<std::uint8_t>(flags >> 11 & 0x0f);
  message.rcode = static_cast<std::uint8_t>(flags & 0x0f);
  const bool strange = message.opcode == kOpcodeStateful && (flags & kUnusedByDso) != 0;
  message.likely = !reader.ok() || (is_opcode(message.opcode) && !strange);
  counts.reserved_bit = (flags & 0x0040) != 0;
  counts.questions = reader.u16();
  message.answer_count = reader.u16();
  counts.records = std::size_t{message.answer_count} + reader.u16();
  counts.records += reader.u16();
  const std::size_t least = kHeaderLength + counts.questions * kMinQuestionLength + counts.records * kMinRecordLength;
  message.likely = message.likely && (!reader.ok() || least <= declared);
  return reader.status();
}

// A message without questions: an answer of mDNS, a server's bare error, a query for a cookie (RFC 7873, section 5.4),
// a DSO message.
ParseStatus check_without_question(Names& names, Reader& reader, std::size_t declared, const Message& message,
                                   const Counts& counts) {
  const bool error = message.rcode != 0;
  if (!message.likely || counts.reserved_bit || (error && !message.response)) return ParseStatus::no_match;
  if (counts.records > 0) return check_record(names, reader);
  if (error && declared == kHeaderLength) return ParseStatus::ok;
  if (message.opcode != kOpcodeStateful) return ParseStatus::no_match;
  reader.skip(2);  // the first TLV's type
  static_cast<void>(reader.child_u16());
  return reader.status();
}

ParseStatus read_questions(Names& names, Reader& reader, const Counts& counts, Message& message) {
  message.more_questions = counts.questions > kMaxQuestions;
  const std::size_t wanted = std::min(counts.questions, kMaxQuestions);
  while (message.question_count < wanted) {
    Question& question = message.questions[message.question_count];
    if (const ParseStatus status = read_question(names, reader, question); status != ParseStatus::ok) return status;
    if (message.question_count == 0 && !message.likely && question.name.view() == ".") return ParseStatus::no_match;
    ++message.question_count;
  }
  return ParseStatus::ok;
}

// `reader` stands at the beginning of a message of at most `declared` bytes. ok, need_more, malformed or no_match; on
// need_more, the questions that are there are in `message`.
ParseStatus read_message(Reader reader, std::size_t declared, Message& message) {
  message.question_count = 0;
  message.more_questions = false;
  Names names{.message = reader};
  Counts counts;
  if (const ParseStatus status = read_header(reader, declared, message, counts); status != ParseStatus::ok) {
    return status;
  }
  const ParseStatus status = counts.questions == 0 ? check_without_question(names, reader, declared, message, counts)
                                                   : read_questions(names, reader, counts, message);
  if (status == ParseStatus::ok || status == ParseStatus::need_more) return status;
  message.more_questions = true;
  if (message.question_count > 0) return ParseStatus::ok;  // evidence enough, whatever stands behind it
  return counts.questions == 1 && is_opcode(message.opcode) ? ParseStatus::malformed : ParseStatus::no_match;
}

}  // namespace

ParseStatus parse_message(Bytes datagram, Message& message) {
  // How much was sent is not known here, only how much arrived: a capture may have cut it. A header alone is whole.
  const std::size_t declared = datagram.size() == kHeaderLength ? kHeaderLength : kMaxDatagram;
  const ParseStatus status = read_message(Reader::prefix(datagram), declared, message);
  if (status == ParseStatus::need_more) {
    message.more_questions = true;
    return message.question_count > 0 ? ParseStatus::ok : ParseStatus::no_match;
  }
  const bool stateful = message.opcode == kOpcodeStateful && message.question_count == 0;  // in streams alone
  return status == ParseStatus::ok && stateful ? ParseStatus::no_match : status;
}

ParseStatus parse_stream(Bytes stream, Message& message, std::size_t& length) {
  message.question_count = 0;
  message.likely = true;
  Reader reader = Reader::prefix(stream);
  const std::uint16_t declared = reader.u16();
  if (!reader.ok()) return reader.status();
  length = std::size_t{2} + declared;
  if (declared < kHeaderLength) return ParseStatus::no_match;
  return read_message(reader.child(declared), declared, message);
}

Protocol family(std::uint16_t client_port, std::uint16_t server_port) {
  const auto either = [&](std::uint16_t port) { return client_port == port || server_port == port; };
  if (either(kMulticastPort)) return Protocol::mdns;
  if (either(kLlmnrPort)) return Protocol::llmnr;
  if (either(kNetbiosPort)) return Protocol::unknown;
  return Protocol::dns;
}

}  // namespace netscope::dns
