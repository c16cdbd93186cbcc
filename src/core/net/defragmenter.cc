#include "netscope/net/defragmenter.h"

#include <algorithm>
#include <bit>

#include "netscope/net/flow_key.h"

namespace netscope {

void Defragmenter::make_room(Time now) {
  std::erase_if(datagrams_, [&](const auto& entry) {
    const bool over = now - entry.second.first_seen >= kTimeout;
    if (over) bytes_ -= entry.second.bytes.size();
    return over;
  });
  while (datagrams_.size() >= kMaxDatagrams || bytes_ > kMaxBytes) {
    forget(std::ranges::min_element(datagrams_, {}, [](const auto& entry) { return entry.second.first_seen; }), now);
  }
}

void Defragmenter::forget(std::map<Key, Datagram>::iterator datagram, Time now) {
  lost_.add(hash_of(datagram->first, seed_), now);
  bytes_ -= datagram->second.bytes.size();
  datagrams_.erase(datagram);
}

std::uint32_t Defragmenter::hash_of(const Key& key, std::uint64_t seed) {
  using Halves = std::array<std::uint64_t, 2>;
  const auto source = std::bit_cast<Halves>(key.source.bytes),
             destination = std::bit_cast<Halves>(key.destination.bytes);
  return hash(FlowKey::Words{source[0], source[1], destination[0], destination[1],
                             std::uint64_t{key.id} << 8 | key.ip_protocol},
              seed);
}

Defragmenter::Outcome Defragmenter::place(Datagram& datagram, const Headers& headers) {
  const std::uint32_t begin = headers.fragment.offset;
  const std::uint32_t end = begin + static_cast<std::uint32_t>(headers.payload.size());
  if (end > kMaxDatagramBytes) return Outcome::too_large;
  // A fragment that the capture cut off leaves a hole that nothing fills: its size on the wire says so.
  const std::uint32_t wire_end = begin + headers.payload_on_wire;
  if (!headers.fragment.more) {
    if (datagram.size != 0 && datagram.size != wire_end) return Outcome::overlapping;
    datagram.size = wire_end;
  }
  // Data behind the end: Linux gives such a datagram up as well.
  const std::uint32_t furthest = datagram.pieces.empty() ? wire_end : std::max(wire_end, datagram.pieces.back().end);
  if (datagram.size != 0 && furthest > datagram.size) return Outcome::overlapping;
  const auto next = std::ranges::partition_point(datagram.pieces, [begin](const Piece& p) { return p.end <= begin; });
  if (next != datagram.pieces.end() && next->begin < end) {
    const bool repeated = next->begin <= begin && next->end >= end &&
                          std::equal(headers.payload.begin(), headers.payload.end(), datagram.bytes.begin() + begin);
    if (!repeated) return Outcome::overlapping;
  } else if (begin < end) {
    if (datagram.bytes.size() < end) datagram.bytes.resize(end);
    std::copy(headers.payload.begin(), headers.payload.end(), datagram.bytes.begin() + begin);
    const auto joined = next != datagram.pieces.begin() ? next - 1 : datagram.pieces.end();
    if (joined != datagram.pieces.end() && joined->end == begin) {
      joined->end = end;
      if (next != datagram.pieces.end() && next->begin == end) {
        joined->end = next->end;
        datagram.pieces.erase(next);
      }
    } else if (next != datagram.pieces.end() && next->begin == end) {
      next->begin = begin;
    } else {
      datagram.pieces.insert(next, Piece{begin, end});
    }
  }
  const bool whole = datagram.size != 0 && datagram.has_ports && datagram.pieces.size() == 1 &&
                     datagram.pieces[0].begin == 0 && datagram.pieces[0].end >= datagram.size;
  return whole ? Outcome::complete : datagram.has_ports ? Outcome::of_flow : Outcome::pending;
}

Defragmenter::Outcome Defragmenter::add(Headers& headers, Time now, std::vector<std::uint8_t>& datagram) {
  const Key key{headers.source, headers.destination, headers.fragment.id, headers.ip_protocol};
  auto found = datagrams_.find(key);
  if (found != datagrams_.end() && now - found->second.first_seen >= kTimeout) {
    bytes_ -= found->second.bytes.size();
    datagrams_.erase(found);
    found = datagrams_.end();
  }
  if (found == datagrams_.end()) {
    if (lost_.contains(hash_of(key, seed_), now)) return Outcome::forgotten;
    make_room(now);
    found = datagrams_.emplace(key, Datagram{}).first;
    found->second.first_seen = now;
  }
  Datagram& held = found->second;
  if (headers.fragment.offset == 0 && !held.has_ports) {
    held.first = headers;
    held.first.payload = {};
    held.has_ports = true;
  }
  const std::size_t before = held.bytes.size();
  Outcome outcome = held.given_up ? Outcome::overlapping : place(held, headers);
  bytes_ += held.bytes.size() - before;
  if (outcome == Outcome::overlapping || outcome == Outcome::too_large) {
    held.given_up = true;  // kept until it times out, so that its later pieces do not begin a new datagram
    bytes_ -= held.bytes.size();
    held.bytes = std::vector<std::uint8_t>();  // `= {}` would keep the memory
    held.pieces = std::vector<Piece>();
    return outcome;
  }
  if (outcome == Outcome::pending) return outcome;
  headers = held.first;
  headers.payload = {};
  headers.payload_on_wire = 0;
  if (outcome == Outcome::of_flow) return outcome;
  bytes_ -= held.bytes.size();
  datagram = std::move(held.bytes);
  const std::uint32_t size = held.size;
  datagrams_.erase(found);
  headers.fragment = {};
  decode_transport(datagram, size, headers);
  return outcome;
}

}  // namespace netscope
