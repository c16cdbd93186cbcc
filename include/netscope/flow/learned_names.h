// Names that addresses have because a DNS answer said so: for whom, and for how long.
//
// What a name from DNS can and cannot do: it is an answer to a question that this client was seen to ask, from the
// server that it asked, so nobody forges it off the path without guessing port and id. A client can forge answers to
// itself, with a resolver of its own: it adds names to addresses, for itself alone, and takes none away; so names from
// DNS only ever add reasons to block (policy/policy.h, `by`), and forging gains nothing. It can hide an address by
// asking elsewhere, or by pushing its own names out: what nobody asked for here has no name.
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

// One answer.
struct NameAnswer {
  struct AddressUntil {
    IpAddress address;
    Time expires;
  };
  IpAddress client;
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

 private:
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const IpAddress& address) const;
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
    std::list<Told> told;
    std::list<Known> known;  // the oldest first
    ByServer by_server;
  };

  Client& find_or_add(const IpAddress& address);
  void add(Client& client, Known known);
  void forget_oldest(Client& client);
  void forget(Client& client, Place place);

  std::list<Client> clients_;  // who was told nothing for longest is first; each knows something
  std::unordered_map<IpAddress, std::list<Client>::iterator, Hash> clients_by_address_;
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

}  // namespace netscope
