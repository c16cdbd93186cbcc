// What the rules are asked about a flow, and in how many values they answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "netscope/dpi/protocol.h"
#include "netscope/net/address.h"
#include "netscope/policy/catalogue/catalogue.h"

namespace netscope {

// What a condition says of a flow: one that cannot be judged yet may come true.
enum class Holds : std::uint8_t { no, unknown, yes };

// Facts that a question may lack. A worker has all of them from the first packet on; --explain has only a name.
enum class Known : std::uint8_t {
  client = 1,
  server = 2,
  port = 4,
  transport = 8,
  protocol = 16,
  hello = 32,
  source = 64
};

// The ends of a flow.
struct Ends {
  IpAddress client{};
  IpAddress server{};
  std::uint16_t server_port = 0;  // 0: it has none
  std::uint8_t ip_protocol = 0;
};

// All that is known of a flow when the rules are asked. RuleSet::question() begins one, RuleSet::name() adds a name.
struct Question {
  Ends ends{};
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;  // see dpi/protocol.h
  std::string_view ja4{};                // of the client's hello; empty: none
  std::string_view name{};               // the compared form; empty: none
  AppId app = kNoApp;                    // what the catalogue says of `name`
  CategoryId category = kNoCategory;     // of `app`
  NameSource source = NameSource::sni;   // of `name`
  bool encrypted_hello = false;          // the hello has an encrypted one within, or pretends to
  std::uint16_t dns_type = 0;            // of a DNS question
  bool unreadable = false;               // a DNS message, whose question cannot be read
  // Whether nothing more will come to light. While false, `protocol == unknown` and an empty name mean "not yet known";
  // once true they mean "there is none", and a condition on them does not hold.
  bool final = false;
  std::uint8_t missing = 0;  // bits of Known: what the asker knows nothing of. A condition on it is unknown

  bool lacks(Known fact) const { return (missing & static_cast<std::uint8_t>(fact)) != 0; }
};

}  // namespace netscope
