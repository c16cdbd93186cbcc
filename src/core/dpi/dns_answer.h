// What a DNS answer says of addresses: which names they have, and for how long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "netscope/base/bytes.h"
#include "netscope/net/address.h"
#include "netscope/net/host_name.h"

namespace netscope::dns {

inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeCname = 5;
inline constexpr std::uint16_t kTypeAaaa = 28;
inline constexpr std::uint16_t kTypeSvcb = 64;
inline constexpr std::uint16_t kTypeHttps = 65;

// What is read of one answer; the rest is left.
inline constexpr std::size_t kMaxAnswerRecords = 64;
inline constexpr std::size_t kMaxAnswerNames = 16;  // the one that was asked for, and the aliases behind it
inline constexpr std::size_t kMaxAnswerAddresses = 32;

// Beyond `name_count` and `address_count` the arrays hold what earlier answers left there.
struct Answer {
  struct AddressFor {
    IpAddress address;
    std::uint32_t seconds = 0;  // the least time to live on the way from the question to the address
  };
  std::uint8_t name_count = 0;
  std::uint8_t address_count = 0;
  std::array<HostName, kMaxAnswerNames> names{};  // all of them are names of all the addresses; [0] was asked for
  std::array<AddressFor, kMaxAnswerAddresses> addresses{};

  // Room for the parser: a record that may lead from a name to a name or an address.
  struct Record {
    HostName owner;
    HostName target;  // of an alias; empty: it is none
    std::uint16_t type = 0;
    std::uint32_t seconds = 0;
    Bytes data{};  // addresses, or parameters with hints; dies with the datagram
  };
  std::array<Record, kMaxAnswerRecords> records{};

  std::span<const HostName> all_names() const { return std::span(names).first(name_count); }
  std::span<const AddressFor> all_addresses() const { return std::span(addresses).first(address_count); }
};

// What pairs a message with its counterpart: the same in a query and in the answer to it, letters' case and compression
// aside, and hardly ever in others. Covers the id and the whole question; nothing of the ends.
struct Exchange {
  std::uint64_t fingerprint = 0;
  bool response = false;
};

// The head of a datagram with one question of class IN, asked or answered; false for anything else.
bool parse_exchange(Bytes datagram, std::uint64_t seed, Exchange& exchange);

// The answer section of a response without an error, whatever its order (RFC 1034, section 3.6, has records in none): a
// CNAME, or an HTTPS record in alias mode (RFC 9460, section 2.4.2), of the name that was asked for or of one that it
// leads to, leads on to another; A, AAAA and the address hints of HTTPS records count where they belong to one of these
// names. Records of other owners are left. What is cut off or broken ends the reading; what came before it stands.
// False where there is no address. `answer` is filled in place.
bool parse_answer(Bytes datagram, Answer& answer);

}  // namespace netscope::dns
