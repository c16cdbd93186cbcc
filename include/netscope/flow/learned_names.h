// Names that addresses have because a DNS answer said so: for whom, and for how long.
//
// What a name from DNS can and cannot do: it is an answer to a question that this client was seen to ask, from the
// server that it asked, so nobody forges it off the path without guessing port and id. A client can forge answers to
// itself, with a resolver of its own: it adds names to addresses, for itself alone, and takes none away; so names from
// DNS only ever add reasons to block (policy/policy.h, `by`), and forging gains nothing. It can hide an address by
// asking elsewhere, or by pushing its own names out: what nobody asked for here has no name.
//
// A client that asks over IPv4 and connects over IPv6 is one device, with one address on its link. What it learned by
// one of its addresses blocks it by the others, too, and does nothing else. Behind a router all clients have the
// router's link address; so one that asks for more than one IPv4 address, or for more than a handful of others, within
// a day is none of a device. Who forges the link address of another device can add reasons to block it; it could as
// well forge its IP address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/net/address.h"

namespace netscope {

// How long an answer counts. Programs keep answers for longer than they are told, and a day suffices for all.
inline constexpr Duration kShortestAnswer = std::chrono::seconds{60};
inline constexpr Duration kLongestAnswer = std::chrono::hours{24};

// Pairs of an address and an answer that are remembered. Beyond, the client's oldest goes, or the oldest of the client
// that was told nothing for longest: a client that asks for much pushes out its own first.
inline constexpr std::size_t kMaxLearnedPerClient = 2048;
inline constexpr std::size_t kMaxLearned = 16384;
// Answers that are remembered of one address of a client; the oldest goes.
inline constexpr std::size_t kMaxAnswersPerAddress = 8;
// Addresses from which one device asks within kLongestAnswer. Of IPv6 there are several, and privacy makes new ones
// each day (RFC 8981).
inline constexpr std::size_t kMaxAddressesPerDevice = 8;

// One answer.
struct NameAnswer {
  struct AddressUntil {
    IpAddress address;
    Time expires;
  };
  IpAddress client;
  LinkAddress device{};            // who sent the query; not known: nobody else is the same device
  std::vector<std::string> names;  // [0] was asked for; the others are its aliases
  std::vector<AddressUntil> addresses;
  Time learned;
};

class LearnedNames {
 public:
  // The seed keeps peers from aiming at one slot.
  explicit LearnedNames(std::uint64_t seed);
  LearnedNames(LearnedNames&&) noexcept;
  LearnedNames& operator=(LearnedNames&&) noexcept;
  ~LearnedNames();

  // `number` tells when: flows that a later packet opened may know of it.
  void add(const NameAnswer& answer, std::uint64_t number);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Calls `visit(names)` with the names of each answer that named `server` to `client`, was given before the packet of
  // that number and lived then; the oldest first.
  template <class Visit>
  void for_each(const IpAddress& client, const IpAddress& server, Time when, std::uint64_t number, Visit&& visit) const;

  // The same of what the device was told at its other addresses than `client`.
  template <class Visit>
  void for_each_elsewhere(const LinkAddress& device, const IpAddress& client, const IpAddress& server, Time when,
                          std::uint64_t number, Visit&& visit) const;

 private:
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const IpAddress& address) const;
    std::size_t operator()(const LinkAddress& address) const;
  };
  // The names of one answer, for as long as some address has them.
  struct Told {
    std::vector<std::string> names;
    Time learned;
    std::size_t addresses = 0;
  };
  struct Known {
    IpAddress server;
    std::list<Told>::iterator told;
    Time expires;
    std::uint64_t number = 0;
  };
  using Place = std::list<Known>::iterator;
  using ByServer = std::unordered_map<IpAddress, std::vector<Place>, Hash>;
  struct Client {
    IpAddress address;
    LinkAddress device;
    std::list<Told> told;
    std::list<Known> known;  // the oldest first
    ByServer by_server;
  };

  struct Device {
    struct Asker {
      IpAddress address;
      Time asked;
    };
    std::vector<Asker> askers;  // at most kMaxAddressesPerDevice, the latest last
    Time shared_until{};        // it is many devices', as far as is known
  };

  Client& find_or_add(const IpAddress& address);
  void join_device(Client& client, const LinkAddress& device, Time now);
  void leave_device(const Client& client);
  void add(Client& client, Known known);
  void forget_oldest(Client& client);
  void forget(Client& client, Place place);

  std::list<Client> clients_;  // who was told nothing for longest is first; each knows something
  std::unordered_map<IpAddress, std::list<Client>::iterator, Hash> clients_by_address_;
  std::unordered_map<LinkAddress, Device, Hash> devices_;  // each has a client
  std::size_t size_ = 0;
  std::uint64_t seed_;
};

template <class Visit>
void LearnedNames::for_each(const IpAddress& client, const IpAddress& server, Time when, std::uint64_t number,
                            Visit&& visit) const {
  const auto known = clients_by_address_.find(client);
  if (known == clients_by_address_.end()) return;
  const auto places = known->second->by_server.find(server);
  if (places == known->second->by_server.end()) return;
  for (const Place place : places->second) {
    if (place->number < number && when < place->expires) visit(place->told->names);
  }
}

template <class Visit>
void LearnedNames::for_each_elsewhere(const LinkAddress& device, const IpAddress& client, const IpAddress& server,
                                      Time when, std::uint64_t number, Visit&& visit) const {
  const auto known = devices_.find(device);
  if (known == devices_.end() || when < known->second.shared_until) return;
  for (const Device::Asker& asker : known->second.askers) {
    if (asker.address != client) for_each(asker.address, server, when, number, visit);
  }
}

}  // namespace netscope
