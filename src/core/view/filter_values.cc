#include "core/view/filter_values.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "netscope/net/host_name.h"

namespace netscope {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

// What a letter behind a number multiplies it by; 0: no such letter. Durations count s, m, h, d.
double factor_of(FilterField field, std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit.size() != 1) return 0;
  if (field == FilterField::duration) {
    switch (unit[0]) {
      case 's': return 1;
      case 'm': return 60;
      case 'h': return 3600;
      case 'd': return 86400;
      default: return 0;
    }
  }
  switch (to_lower(unit[0])) {
    case 'k': return 1e3;
    case 'm': return 1e6;
    case 'g': return 1e9;
    case 't': return 1e12;
    default: return 0;
  }
}

// "1", "1.5M", "10k". Digits and one dot, so that it is the same everywhere.
std::optional<double> number_of(FilterField field, std::string_view text) {
  double value = 0, place = 0;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && place == 0 && at > 0) {
      place = 1;
    } else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      place *= 10;
    } else {
      break;
    }
  }
  const double factor = factor_of(field, text.substr(at));
  if (at == 0 || at > 18 || factor == 0) return std::nullopt;
  return value * factor / (place == 0 ? 1 : place);
}

Result<NumberRange> number_range(FilterField field, FilterOperator how, std::string_view text) {
  const std::size_t dash = text.find('-');
  if (how == FilterOperator::is && dash != std::string_view::npos) {
    const auto low = number_of(field, text.substr(0, dash)), high = number_of(field, text.substr(dash + 1));
    if (low && high && *low <= *high) return NumberRange{*low, *high};
    return failure(in_quotes(text) + " is no range of numbers, as 8000-8100 is");
  }
  const auto number = number_of(field, text);
  if (!number) {
    return failure(in_quotes(text) + (field == FilterField::duration ? " is no duration, as 90, 90s, 5m or 2h is"
                                                                     : " is no number, as 443, 10k or 1.5M is"));
  }
  switch (how) {
    case FilterOperator::is: return NumberRange{*number, *number};
    case FilterOperator::less: return NumberRange{-kLargest, std::nextafter(*number, -kLargest)};
    case FilterOperator::at_most: return NumberRange{-kLargest, *number};
    case FilterOperator::more: return NumberRange{std::nextafter(*number, kLargest), kLargest};
    case FilterOperator::at_least: return NumberRange{*number, kLargest};
  }
  return NumberRange{};
}

TextPattern plain_pattern(std::string_view text) {
  const bool glob = text.find_first_of("*?") != std::string_view::npos;
  return {.kind = glob ? TextPattern::Kind::glob : TextPattern::Kind::equal, .text = to_lower(text)};
}

Result<TextPattern> domain_pattern(std::string_view text) {
  if (text.starts_with('/')) return failure("a regular expression stands without quotation marks");
  // A star elsewhere than in front of a label is a pattern of letters.
  const std::size_t star = text.find_first_of("*?", text.starts_with("*.") ? 2 : 0);
  if (star != std::string_view::npos) return plain_pattern(text);
  auto domain = DomainPattern::parse(text);
  if (!domain) return std::unexpected(domain.error());
  return TextPattern{.kind = TextPattern::Kind::domain, .domain = std::move(*domain)};
}

Result<IpPrefix> address_prefix(std::string_view text) {
  return IpPrefix::parse(text);
}

Result<ProtocolValue> protocol_value(std::string_view text) {
  if (const auto value = ProtocolValue::parse(text)) return *value;
  return failure(in_quotes(text) + " is no protocol that is known here, as tcp, udp, icmp, tls, http or dns is");
}

Result<NameSource> source_of(std::string_view text) {
  const std::string word = to_lower(text);
  for (std::size_t i = 0; i < kNameSourceCount; ++i) {
    if (word == to_string(static_cast<NameSource>(i))) return static_cast<NameSource>(i);
  }
  return failure(in_quotes(text) + " is nowhere that names are from: sni, host, query or dns is");
}

Result<Action> action_of(std::string_view text) {
  const std::string word = to_lower(text);
  for (const Action action : {Action::accept, Action::drop, Action::reject}) {
    if (word == to_string(action)) return action;
  }
  return failure(in_quotes(text) + " is no action: accept, drop or reject is");
}

Result<FlowState> state_of(std::string_view text) {
  const std::string word = to_lower(text);
  for (std::size_t i = 0; i < kFlowStateCount; ++i) {
    if (word == to_string(static_cast<FlowState>(i))) return static_cast<FlowState>(i);
  }
  return failure(in_quotes(text) + " is no state: new, established, classified, closed or incomplete is");
}

template <class T>
Result<FilterCondition> condition(FilterField field, Result<T> value) {
  if (!value) return std::unexpected(value.error());
  return FilterCondition{.field = field, .value = std::move(*value)};
}

}  // namespace

Result<FilterCondition> filter_condition(FilterField field, FilterOperator how, std::string_view value) {
  switch (field) {
    case FilterField::port:
    case FilterField::client_port:
    case FilterField::bytes:
    case FilterField::packets:
    case FilterField::duration:
    case FilterField::size: return condition(field, number_range(field, how, value));
    default: break;
  }
  if (how != FilterOperator::is) return failure("this field has no order: write \":\" instead");
  switch (field) {
    case FilterField::any:
      if (const auto prefix = IpPrefix::parse(value))
        return FilterCondition{.field = FilterField::ip, .value = *prefix};
      return FilterCondition{.field = field, .value = TextPattern{TextPattern::Kind::contains, to_lower(value)}};
    case FilterField::app:
    case FilterField::category:
    case FilterField::ja4:
    case FilterField::rule: return FilterCondition{.field = field, .value = plain_pattern(value)};
    case FilterField::domain: return condition(field, domain_pattern(value));
    case FilterField::client:
    case FilterField::server:
    case FilterField::ip: return condition(field, address_prefix(value));
    case FilterField::source: return condition(field, source_of(value));
    case FilterField::proto: return condition(field, protocol_value(value));
    case FilterField::state: return condition(field, state_of(value));
    case FilterField::action: return condition(field, action_of(value));
    case FilterField::port:
    case FilterField::client_port:
    case FilterField::bytes:
    case FilterField::packets:
    case FilterField::duration:
    case FilterField::size: break;  // above
  }
  return failure("this field takes no value");
}

Result<FilterCondition> filter_regex_condition(FilterField field, FilterOperator how, std::string_view pattern) {
  if (how != FilterOperator::is) return failure("a regular expression has no order: write \":\" instead");
  switch (field) {
    case FilterField::any:
    case FilterField::app:
    case FilterField::category:
    case FilterField::domain:
    case FilterField::rule:
    case FilterField::ja4: break;
    default: return failure("this field holds no text that a regular expression could be asked about");
  }
  auto regex = Regex::compile(pattern);
  if (!regex) return failure("this is no regular expression that is understood: " + regex.error().message);
  return FilterCondition{.field = field,
                         .value = TextPattern{.kind = TextPattern::Kind::regex, .regex = std::move(*regex)}};
}

}  // namespace netscope
