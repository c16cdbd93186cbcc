#include "netscope/policy/settings/live_settings.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "core/base/text.h"

namespace netscope {
namespace {

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ - 1, linux/if.h

template <class Integer>
bool take_number(std::string_view& text, int base, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool adjacent(std::uint32_t mask) {
  return std::popcount(mask) == 32 - std::countl_zero(mask) - std::countr_zero(mask);
}

}  // namespace

std::string_view to_string(Fanout fanout) {
  switch (fanout) {
    case Fanout::flow: return "flow";
    case Fanout::address: return "address";
    case Fanout::cpu: return "cpu";
  }
  return "";
}

std::string_view to_string(Offload offload) {
  switch (offload) {
    case Offload::mark: return "mark";
    case Offload::flowtable: return "flowtable";
    case Offload::off: return "off";
  }
  return "";
}

std::string_view to_string(Backend backend) {
  switch (backend) {
    case Backend::automatic: return "auto";
    case Backend::nft: return "nft";
    case Backend::iptables: return "iptables";
    case Backend::none: return "none";
  }
  return "";
}

std::string_view to_string(Hook hook) {
  switch (hook) {
    case Hook::forward: return "forward";
    case Hook::input: return "input";
    case Hook::output: return "output";
  }
  return "";
}

bool is_interface_name(std::string_view text) {
  const std::string_view name = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-@").contains(c);
  };
  return !name.empty() && name.size() <= kMaxInterfaceName && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<QueueRange> QueueRange::parse(std::string_view text) {
  std::string_view rest = text;
  QueueRange range;
  bool good = take_number(rest, 10, range.first);
  range.last = range.first;
  if (good && rest.starts_with('-')) {
    rest.remove_prefix(1);
    good = take_number(rest, 10, range.last);
  }
  if (!good || !rest.empty() || range.first > range.last) {
    return std::unexpected(Error{in_quotes(text) + " is neither a queue of 0 to 65535 nor a range such as \"0-3\""});
  }
  if (range.count() > kMaxQueues) {
    return std::unexpected(Error{in_quotes(text) + " are " + std::to_string(range.count()) + " queues; at most " +
                                 std::to_string(kMaxQueues) + " can be used"});
  }
  return range;
}

std::string to_string(const QueueRange& range) {
  return std::to_string(range.first) + (range.first == range.last ? "" : "-" + std::to_string(range.last));
}

Result<Marks> Marks::parse(std::string_view text) {
  std::string_view rest = text;
  Marks marks{.mask = 0};
  if (rest.starts_with("0x")) {
    rest.remove_prefix(2);
    if (!take_number(rest, 16, marks.mask) || !rest.empty()) marks.mask = 0;
  }
  if (marks.mask == 0)
    return std::unexpected(Error{in_quotes(text) + " is not a mask of 32 bits such as \"0xff000000\""});
  if (!adjacent(marks.mask) || std::popcount(marks.mask) < 3) {
    return std::unexpected(Error{in_quotes(text) + " must be at least three adjacent bits, such as \"0xff000000\""});
  }
  return marks;
}

}  // namespace netscope
