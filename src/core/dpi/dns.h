// DNS messages (RFC 1035, section 4), and its relatives on the local link: mDNS (RFC 6762) and LLMNR (RFC 4795).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"
#include "netscope/dpi/protocol.h"
#include "netscope/net/flow_key.h"
#include "netscope/net/host_name.h"

namespace netscope::dns {

inline constexpr std::uint16_t kPort = 53;
inline constexpr std::uint16_t kMulticastPort = 5353;  // RFC 6762, section 3
inline constexpr std::uint16_t kLlmnrPort = 5355;      // RFC 4795, section 2
inline constexpr std::uint16_t kNetbiosPort = 137;

// Ports on which each datagram is its own question, whatever the first one was.
inline bool is_port_of(const FlowKey& key) {
  for (const std::uint16_t port : {key.low_port, key.high_port}) {
    if (port == kPort || port == kMulticastPort || port == kLlmnrPort) return true;
  }
  return false;
}

// Questions read from one message; the rest of a longer list is counted and left (`more_questions`).
inline constexpr std::size_t kMaxQuestions = 16;

struct Question {
  HostName name;
  std::uint16_t type = 0;
};

// `questions` beyond `question_count` hold what earlier messages left there.
struct Message {
  std::uint16_t id = 0;
  bool response = false;
  bool likely = false;  // the opcode exists, and the message has room for all that it announces, as far as is known
  std::uint8_t opcode = 0;
  std::uint8_t rcode = 0;
  std::uint16_t answer_count = 0;
  std::uint8_t question_count = 0;  // of `questions`
  bool more_questions = false;      // the message announces more: beyond kMaxQuestions, cut off, broken, or a lie
  std::array<Question, kMaxQuestions> questions{};
};

// One DNS message as a UDP datagram carries it: ok, malformed or no_match. Header and questions are read, nothing
// behind them, so that a datagram that a capture cut short counts as soon as one question is whole. Labels of bytes
// other than printable ASCII come out escaped as \DDD (RFC 4343, section 2.1), as do dots and backslashes inside a
// label. A question whose name ends properly and whose class exists is DNS whatever the header says and whatever comes
// behind; only the root's name, which a few zeros make, needs a known opcode and counts that fit. Without a question,
// so do reserved bits and a first record. All else is no_match, so that any port can be asked. malformed: the header of
// a message with one question, as nearly all are (RFC 9619), and a question that cannot be read; that is evidence on
// the port of DNS alone. `message` is filled in place: it is large, and the packet path owns one. It means something
// only on ok.
ParseStatus parse_message(Bytes datagram, Message& message);

// The first message of a TCP stream behind its two-byte length (RFC 1035, section 4.2.2): ok as soon as its questions
// have arrived, malformed and no_match as above, or need_more, which no message needs beyond its first 17 KiB. DSO
// messages (RFC 8490) are messages without a question. Where no DNS is expected, need_more of what is not `likely` is
// no reason to wait. But for need_more, `length` is the number of bytes up to the next message, its own length field
// included; it may lie beyond what has arrived.
ParseStatus parse_stream(Bytes stream, Message& message, std::size_t& length);

// dns, mdns or llmnr: by the port that either end uses, since the three share their format. unknown for the NetBIOS
// name service (RFC 1002, section 4.2.1), which shares it too, but asks for no domain.
Protocol family(std::uint16_t client_port, std::uint16_t server_port);

}  // namespace netscope::dns
