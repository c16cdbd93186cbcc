// What the kernel can do.
#pragma once

#include <string>

namespace netscope::netfilter {

// Whether something works, found out by trying; `why` says what was in the way.
struct Ability {
  bool works = false;
  std::string why{};
};

struct Probe {
  Ability nft;        // a table with connection marks and rejects
  Ability nft_queue;  // queues in it
  Ability symhash;    // spread by five-tuple
  Ability nft_strip;  // take an option of TCP off
  Ability flowtable;
  Ability iptables;        // queues by iptables
  Ability ip6tables;       // and by ip6tables
  Ability iptables_strip;  // the target TCPOPTSTRIP
  Ability u32;             // the match
  Ability conntrack;       // marks of connections can be listed and cleared
};

// Asks the kernel, with rules that are checked and never loaded. Takes some tens of milliseconds.
Probe probe();

}  // namespace netscope::netfilter
