// DNS messages up to the end of their questions. The evidence that a datagram on any port is DNS lies in a question
// whose name ends properly and whose class exists; bits that servers ignore (Z, a query's rcode) are no reason to look
// away from such a question, since a client could set them to pass.
#include "core/dpi/dns.h"

#include <algorithm>

#include "core/dpi/dns_name.h"

namespace netscope::dns {
namespace {

constexpr std::size_t kMinQuestionLength = 5;  // the root's name, type, class
constexpr std::size_t kMinRecordLength = 11;   // the same, time to live, length
constexpr std::size_t kMaxDatagram = 65535;
constexpr std::uint16_t kTypeOpt = 41;         // its class field is a size (RFC 6891, section 6.1.2)
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

// query, inverse query, status, notify, update
bool is_opcode(std::uint8_t opcode) {
  return opcode <= 5 && opcode != 3;
}

ParseStatus read_question(Bytes message, Reader& reader, Question& question) {
  NameText name;
  if (const ParseStatus status = read_name(message, reader, name); status != ParseStatus::ok) return status;
  question.type = reader.u16();
  const std::uint16_t question_class = reader.u16();
  if (!reader.ok()) return reader.status();
  if (question.type == 0 || !is_class(question_class)) return ParseStatus::no_match;
  question.name = HostName::from_dns(name.view());
  return ParseStatus::ok;
}

// The head of a record, read where there is no question to tell DNS by.
ParseStatus check_record(Bytes message, Reader& reader) {
  NameText name;
  if (const ParseStatus status = read_name(message, reader, name); status != ParseStatus::ok) return status;
  const std::uint16_t type = reader.u16();
  const std::uint16_t record_class = reader.u16();
  reader.skip(6);  // time to live, length
  if (!reader.ok()) return reader.status();
  return type == kTypeOpt || (type != 0 && is_class(record_class)) ? ParseStatus::ok : ParseStatus::no_match;
}

struct Counts {
  std::size_t questions = 0;
  std::size_t records = 0;
  bool reserved_bit = false;
};

// ok, need_more, malformed or no_match.
ParseStatus read_header(Reader& reader, std::size_t declared, Message& message, Counts& counts) {
  message.id = reader.u16();
  const std::uint16_t flags = reader.u16();
  if (!reader.ok()) return reader.status();
  message.response = (flags & 0x8000) != 0;
  message.opcode = static_cast<std::uint8_t>(flags >> 11 & 0x0f);
  message.rcode = static_cast<std::uint8_t>(flags & 0x0f);
  counts.reserved_bit = (flags & 0x0040) != 0;
  if (!is_opcode(message.opcode)) return ParseStatus::no_match;
  counts.questions = reader.u16();
  message.answer_count = reader.u16();
  counts.records = std::size_t{message.answer_count} + reader.u16();
  counts.records += reader.u16();
  if (!reader.ok()) return reader.status();
  const std::size_t least = kHeaderLength + counts.questions * kMinQuestionLength + counts.records * kMinRecordLength;
  return least <= declared ? ParseStatus::ok : ParseStatus::no_match;
}

// A message without questions: an answer of mDNS, a server's bare error, a query for a cookie (RFC 7873, section 5.4).
ParseStatus check_without_question(Bytes bytes, Reader& reader, std::size_t declared, const Message& message,
                                   const Counts& counts) {
  const bool error = message.rcode != 0;
  if (counts.reserved_bit || (error && !message.response)) return ParseStatus::no_match;
  if (counts.records > 0) return check_record(bytes, reader);
  return error && declared == kHeaderLength ? ParseStatus::ok : ParseStatus::no_match;
}

// `bytes` is what has arrived of a message of at most `declared` bytes, and `reader` stands at its beginning.
// ok, need_more, malformed (at a lie) or no_match; the questions in front of a failure are in `message`.
ParseStatus read_message(Bytes bytes, Reader reader, std::size_t declared, Message& message) {
  message.question_count = 0;
  message.more_questions = false;
  Counts counts;
  if (const ParseStatus status = read_header(reader, declared, message, counts); status != ParseStatus::ok) {
    return status;
  }
  if (counts.questions == 0) return check_without_question(bytes, reader, declared, message, counts);
  message.more_questions = counts.questions > kMaxQuestions;
  const std::size_t wanted = std::min(counts.questions, kMaxQuestions);
  while (message.question_count < wanted) {
    const ParseStatus status = read_question(bytes, reader, message.questions[message.question_count]);
    if (status != ParseStatus::ok) return status;
    ++message.question_count;
  }
  return ParseStatus::ok;
}

// A failure that nothing to come can mend: one good question is evidence enough, whatever stands behind it.
ParseStatus settle(Message& message) {
  message.more_questions = true;
  return message.question_count > 0 ? ParseStatus::ok : ParseStatus::no_match;
}

}  // namespace

ParseStatus parse_message(Bytes datagram, Message& message) {
  // How much was sent is not known here, only how much arrived: a capture may have cut it. A header alone is whole.
  const std::size_t declared = datagram.size() == kHeaderLength ? kHeaderLength : kMaxDatagram;
  const ParseStatus status = read_message(datagram, Reader::prefix(datagram), declared, message);
  return status == ParseStatus::ok ? status : settle(message);
}

ParseStatus parse_stream(Bytes stream, Message& message, std::size_t& length) {
  Reader reader = Reader::prefix(stream);
  const std::uint16_t declared = reader.u16();
  if (!reader.ok()) return reader.status();
  if (declared < kHeaderLength) return ParseStatus::no_match;
  length = std::size_t{2} + declared;
  const Reader body = reader.child(declared);
  const ParseStatus status = read_message(body.rest(), body, declared, message);
  return status == ParseStatus::ok || status == ParseStatus::need_more ? status : settle(message);
}

Protocol family(std::uint16_t client_port, std::uint16_t server_port) {
  const auto either = [&](std::uint16_t port) { return client_port == port || server_port == port; };
  if (either(kMulticastPort)) return Protocol::mdns;
  if (either(kLlmnrPort)) return Protocol::llmnr;
  if (either(kNetbiosPort)) return Protocol::unknown;
  return Protocol::dns;
}

}  // namespace netscope::dns
