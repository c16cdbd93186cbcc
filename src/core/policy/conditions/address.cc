#include "core/policy/conditions/address.h"

#include <algorithm>

#include "core/base/text.h"

namespace netscope {
namespace {

// From here on, a list of prefixes gets an index of its own.
constexpr std::size_t kLongList = 16;

// "00:11:22:33:44:55", which an IPv6 address never looks like.
bool is_mac_address(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : text[i] == ':' || text[i] == '-') return false;
  }
  return true;
}

Result<IpPrefix> parse(std::string_view written) {
  if (!is_mac_address(written)) return IpPrefix::parse(written);
  return failure(in_quotes(written) + " is a MAC address, which is not supported yet; it comes with a later version");
}

}  // namespace

void Prefixes::read(const RuleReader& in, std::string_view key) {
  values_.read(in, key, parse);
  index_if_long();
}

void Prefixes::add(const IpPrefix& prefix) {
  values_.add(prefix);
  index_if_long();
}

void Prefixes::index_if_long() {
  if (values_.size() <= kLongList) return;
  std::vector<PrefixIndex::Entry> entries;
  for (const IpPrefix& prefix : values_) entries.push_back({.prefix = prefix, .value = 0});
  index_ = std::make_unique<const PrefixIndex>(entries);
}

std::vector<IpPrefix> Prefixes::disjoint() const {
  std::vector<IpPrefix> prefixes(values_.begin(), values_.end());
  if (prefixes.size() <= 1) return prefixes;
  std::sort(prefixes.begin(), prefixes.end(), [](const IpPrefix& a, const IpPrefix& b) {
    return a.address.version != b.address.version ? a.address.version < b.address.version : a < b;
  });
  std::vector<IpPrefix> kept;
  for (const IpPrefix& prefix : prefixes) {
    if (kept.empty() || kept.back().length > prefix.length || !kept.back().contains(prefix.address)) {
      kept.push_back(prefix);
    }
  }
  return kept;
}

template <End kEnd>
void AddressCondition<kEnd>::sign(Signature& out) const {
  const std::vector<IpPrefix> prefixes = prefixes_.disjoint();
  out.add(prefixes.size());
  for (const IpPrefix& prefix : prefixes) out.add(prefix);
}

template class AddressCondition<End::either>;
template class AddressCondition<End::client>;
template class AddressCondition<End::server>;

}  // namespace netscope
