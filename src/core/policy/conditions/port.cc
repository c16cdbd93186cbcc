#include "core/policy/conditions/port.h"

#include <charconv>
#include <optional>

#include "core/base/text.h"

namespace netscope {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

Result<PortRange> PortRange::parse(std::string_view written) {
  const std::size_t dash = written.find('-');
  const std::optional<std::uint16_t> first = parse_port(written.substr(0, dash));
  const std::optional<std::uint16_t> last =
      dash == std::string_view::npos ? first : parse_port(written.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return failure(in_quotes(written) + " is neither a port of 1 to 65535 nor a range such as \"8000-8100\"");
  }
  return PortRange{.first = *first, .last = *last};
}

std::string to_string(const PortRange& range) {
  return std::to_string(range.first) + (range.first == range.last ? "" : "-" + std::to_string(range.last));
}

void PortCondition::read(const RuleReader& in) {
  ranges_.read_with_integers(in, kKeys[0], PortRange::parse);
}

void PortCondition::describe(std::vector<std::string>& out) const {
  ranges_.describe(kKeys[0], out, [](const PortRange& range) { return to_string(range); });
}

void PortCondition::because(const Question& question, std::vector<Reason>& out) const {
  if (holds(question) != Holds::yes) return;
  const auto range = std::ranges::find_if(
      ranges_, [&](const PortRange& candidate) { return candidate.contains(question.ends.server_port); });
  out.push_back({.key = kKeys[0], .value = to_string(*range), .subject = std::to_string(question.ends.server_port)});
}

void PortCondition::sign(Signature& out) const {
  const std::vector<PortRange> ranges = ranges_.sorted();
  out.add(ranges.size());
  for (const PortRange& range : ranges) out.add(std::uint64_t{range.first} << 16 | range.last);
}

}  // namespace netscope
