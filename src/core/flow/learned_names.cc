#include "netscope/flow/learned_names.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

namespace netscope {

std::size_t LearnedNames::Hash::operator()(const IpAddress& address) const {
  const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(address.bytes);
  std::uint64_t mixed = seed ^ static_cast<std::uint64_t>(address.version);
  for (const std::uint64_t word : words) {
    mixed = (mixed ^ word) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
  }
  return static_cast<std::size_t>(mixed * 0xbf58476d1ce4e5b9 >> 16);
}

std::size_t LearnedNames::Hash::operator()(const LinkAddress& address) const {
  IpAddress widened;
  std::ranges::copy(address.bytes, widened.bytes.begin());
  return (*this)(widened);
}

LearnedNames::LearnedNames(std::uint64_t seed)
    : clients_by_address_(0, Hash{seed}), devices_(0, Hash{seed}), seed_(seed) {}
LearnedNames::LearnedNames(LearnedNames&&) noexcept = default;
LearnedNames& LearnedNames::operator=(LearnedNames&&) noexcept = default;
LearnedNames::~LearnedNames() = default;

void LearnedNames::add(const NameAnswer& answer, std::uint64_t number) {
  if (answer.names.empty() || answer.addresses.empty()) return;
  Client& client = find_or_add(answer.client);
  join_device(client, answer.device, answer.learned);
  const auto told = client.told.insert(client.told.end(), {.names = answer.names, .learned = answer.learned});
  for (const NameAnswer::AddressUntil& address : answer.addresses) {
    add(client, {.server = address.address, .told = told, .expires = address.expires, .number = number});
  }
  while (client.known.size() > kMaxLearnedPerClient) forget_oldest(client);
  while (size_ > kMaxLearned) {
    Client& silent = clients_.front();
    forget_oldest(silent);
    if (!silent.known.empty()) continue;
    leave_device(silent);
    clients_by_address_.erase(silent.address);
    clients_.pop_front();
  }
}

LearnedNames::Client& LearnedNames::find_or_add(const IpAddress& address) {
  if (const auto known = clients_by_address_.find(address); known != clients_by_address_.end()) {
    clients_.splice(clients_.end(), clients_, known->second);
    return clients_.back();
  }
  Client& added = clients_.emplace_back(
      Client{.address = address, .device = {}, .told = {}, .known = {}, .by_server = ByServer(0, Hash{seed_})});
  clients_by_address_.emplace(address, std::prev(clients_.end()));
  return added;
}

void LearnedNames::join_device(Client& client, const LinkAddress& device, Time now) {
  if (client.device != device) leave_device(client);
  client.device = device;
  if (!device.known()) return;
  Device& joined = devices_[device];
  std::erase_if(joined.askers, [&](const Device::Asker& asker) {
    return asker.address == client.address || now - asker.asked > kLongestAnswer;
  });
  joined.askers.push_back({.address = client.address, .asked = now});
  const auto of_v4 = std::ranges::count(joined.askers, IpVersion::v4,
                                        [](const Device::Asker& asker) { return asker.address.version; });
  if (of_v4 <= 1 && joined.askers.size() <= kMaxAddressesPerDevice) return;
  joined.askers.erase(joined.askers.begin(), std::prev(joined.askers.end()));
  joined.shared_until = now + kLongestAnswer;
}

void LearnedNames::leave_device(const Client& client) {
  const auto left = devices_.find(client.device);
  if (left == devices_.end()) return;
  std::vector<Device::Asker>& askers = left->second.askers;
  std::erase_if(askers, [&](const Device::Asker& asker) { return asker.address == client.address; });
  if (askers.empty()) devices_.erase(left);
}

// A name that is told again lives on: the flows that began meanwhile knew it.
void LearnedNames::add(Client& client, Known known) {
  std::vector<Place>& places = client.by_server[known.server];
  ++known.told->addresses;
  const auto same = std::find_if(places.begin(), places.end(), [&](const Place place) {
    return place->told->names.front() == known.told->names.front();
  });
  std::optional<Place> replaced;
  if (same != places.end()) {
    const Known& before = **same;
    if (known.told->learned < before.expires) known.number = before.number;
    known.expires = std::max(known.expires, before.expires);
    replaced = *same;
  } else if (places.size() == kMaxAnswersPerAddress) {
    replaced = places.front();
  }
  places.push_back(client.known.insert(client.known.end(), known));
  ++size_;
  if (replaced) forget(client, *replaced);
}

void LearnedNames::forget_oldest(Client& client) {
  forget(client, client.known.begin());
}

void LearnedNames::forget(Client& client, Place place) {
  const auto at = client.by_server.find(place->server);
  std::erase(at->second, place);
  if (at->second.empty()) client.by_server.erase(at);
  if (--place->told->addresses == 0) client.told.erase(place->told);
  client.known.erase(place);
  --size_;
}

}  // namespace netscope
