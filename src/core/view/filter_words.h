// The words of the filter language.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/view/filter_tree.h"

namespace netscope {

struct FilterWord {
  std::string_view word;
  FilterField field;
};

// The first word of a field is the one that is offered.
inline constexpr std::array<FilterWord, 27> kFilterFields{{
    {"app", FilterField::app},           {"category", FilterField::category},
    {"domain", FilterField::domain},     {"sni", FilterField::domain},
    {"host", FilterField::domain},       {"rule", FilterField::rule},
    {"ja4", FilterField::ja4},           {"source", FilterField::source},
    {"by", FilterField::source},         {"client", FilterField::client},
    {"src", FilterField::client},        {"server", FilterField::server},
    {"dst", FilterField::server},        {"ip", FilterField::ip},
    {"port", FilterField::port},         {"dport", FilterField::port},
    {"cport", FilterField::client_port}, {"sport", FilterField::client_port},
    {"proto", FilterField::proto},       {"state", FilterField::state},
    {"action", FilterField::action},     {"verdict", FilterField::action},
    {"bytes", FilterField::bytes},       {"packets", FilterField::packets},
    {"pkts", FilterField::packets},      {"duration", FilterField::duration},
    {"size", FilterField::size},
}};

// Words that are whole conditions.
inline constexpr std::array<std::string_view, 5> kFilterVerdicts{"blocked", "accepted", "dropped", "rejected",
                                                                 "forwarded"};

// `word` is lower case.
std::optional<FilterField> filter_field_named(std::string_view word);

// What a value may consist of: up to white space, a parenthesis, a comma or a quotation mark.
constexpr bool ends_filter_value(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '(' || c == ')' || c == ',' || c == '"';
}
constexpr bool begins_filter_operator(char c) {
  return c == ':' || c == '=' || c == '<' || c == '>' || c == '!';
}

}  // namespace netscope
