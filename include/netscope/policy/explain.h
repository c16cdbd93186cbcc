// Why a rule holds: for people who ask what becomes of a name, or why a flow was blocked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/policy/rule_set.h"

namespace netscope {

// A value of a condition that holds.
struct Reason {
  std::string_view key;   // as rules have it: "domain"
  std::string value;      // as the rule has it: "*.example.org"
  std::string subject{};  // of the flow, what it holds for: "www.example.org"; empty where the value says it
};

// The conditions of a rule as they are written, each with its key, long lists shortened: "port 443, 8000-8100".
std::vector<std::string> condition_texts(const Rule& rule);

// What of the rule's conditions holds for the question, in the order of condition_texts.
std::vector<Reason> reasons(const Rule& rule, const Question& question);

// The conjunction of all of its conditions. For few rules and people; RuleSet::decide is for flows.
Holds holds(const Rule& rule, const Question& question);

// Whether a rule speaks at a connection's first packet: it asks for no more than the ends, and no rule above it that
// would decide otherwise may turn out to hold. Else the first that may, where the rule itself asks for no more.
std::optional<RuleIndex> waits_for(const RuleSet& rules, RuleIndex rule);

// What one rule says of a connection of which the name alone is known.
struct RuleAnswer {
  enum class Holds : std::uint8_t {
    no,       // it asks for another name
    maybe,    // for the name, and what `where` says is not known
    yes,      // for every connection with this name
    unasked,  // a rule before it decides for all of them
  } holds = Holds::no;
  std::vector<Reason> because{};     // the conditions that fit the name
  std::vector<std::string> where{};  // those on what is not known: "src 192.168.20.0/24"
};

// An entry of the catalogue that is a name or lies above it.
struct CatalogueEntry {
  std::string_view domain;
  AppId app = kNoApp;
};

struct Explanation {
  std::string name;                         // in the form in which names are compared
  std::vector<CatalogueEntry> catalogue{};  // the longest first: the first gives the name its application
  std::vector<RuleAnswer> answers{};        // by RuleIndex
  RuleIndex decides = kDefaultPolicy;       // the first that holds for every connection with this name
};

// What is known of a name, and what the rules make of it. `name` must be in the form of normalize_domain. The result
// refers to the rules' catalogue.
Explanation explain(const RuleSet& rules, std::string_view name);

}  // namespace netscope
