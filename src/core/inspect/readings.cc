#include "core/inspect/readings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/inspect/sequence.h"

namespace netscope {
namespace {

std::uint32_t size_of(Bytes bytes) {
  return static_cast<std::uint32_t>(bytes.size());
}

// A segment this far from a reading belongs to another stream of bytes.
constexpr std::int64_t kFar = 1 << 20;

// Unless another holds all of it; what it holds all of goes.
void put(std::vector<Reading>& readings, Reading&& made) {
  for (Reading& other : readings) {
    if (!made.bytes.is_part_of(other.bytes)) continue;
    if (other.bytes.is_part_of(made.bytes)) {  // the same bytes, said by more segments
      other.segments.insert(other.segments.end(), made.segments.begin(), made.segments.end());
    }
    return;
  }
  std::erase_if(readings, [&](const Reading& other) { return other.bytes.is_part_of(made.bytes); });
  readings.push_back(std::move(made));
}

void take(Reading& reading, std::uint32_t sequence, Bytes bytes) {
  const StreamPrefix::Extent before = reading.bytes.extent();
  reading.bytes.add(sequence, bytes);
  if (reading.bytes.extent() != before) reading.changed = true;
  const Reading::Segment segment{sequence, sequence + size_of(bytes)};
  if (!reading.bytes.held(segment.begin, segment.end).empty()) reading.segments.push_back(segment);
}

// From now on those without a gap live or die together, byte by byte where another contradicts them.
void join_segments(Reading& reading) {
  reading.segments = {};
  reading.bytes.for_each_stretch(
      [&](std::uint32_t begin, std::uint32_t end) { reading.segments.push_back({begin, end}); });
  reading.coarse = true;
}

// The reading without the segments that another one contradicts.
Reading without_contradicted(const Reading& reading, std::uint32_t sequence, Bytes bytes) {
  StreamPrefix said;
  said.restart(sequence);
  said.add(sequence, bytes);
  Reading rest;
  rest.bytes.guess(reading.bytes.position());
  if (reading.bytes.exact()) rest.bytes.restart(reading.bytes.position());
  rest.coarse = reading.coarse;
  for (const Reading::Segment& segment : reading.segments) {
    const Bytes held = reading.bytes.held(segment.begin, segment.end);
    const std::uint32_t begin =
        distance(reading.bytes.position(), segment.begin) < 0 ? reading.bytes.position() : segment.begin;
    if (!said.contradiction(begin, held)) take(rest, begin, held);
  }
  return rest;
}

std::size_t heap_of(const Reading& reading) {
  return reading.bytes.memory_bytes() + reading.segments.capacity() * sizeof(Reading::Segment) +
         reading.read_on.memory_bytes() + reading.search.memory_bytes();
}

std::size_t memory_of(const std::vector<Reading>& readings) {
  std::size_t size = readings.capacity() * sizeof(Reading);
  for (const Reading& reading : readings) size += heap_of(reading);
  return size;
}

}  // namespace

void Reading::clear() {
  constexpr std::size_t kKeptSegments = 16;
  bytes.clear();
  mode = StreamMode::detect;
  if (segments.capacity() > kKeptSegments) segments = std::vector<Segment>();
  segments.clear();
  coarse = changed = understood = false;
  read_anew();
}

void Reading::read_anew() {
  read_on.clear();
  search.clear();
}

void Readings::clear() {
  if (!readings_.empty()) {
    spare_ = std::exchange(readings_.front(), {});
    spare_.clear();
  }
  if (readings_.capacity() > 1) readings_ = std::vector<Reading>();
  readings_.clear();
  work_ = 0;
  exact_ = false;
}

void Readings::begin(std::uint32_t sequence) {
  clear();
  readings_.push_back(std::exchange(spare_, {}));
  readings_.front().bytes.start(sequence);
  exact_ = true;
}

void Readings::guess(std::uint32_t sequence) {
  begin(sequence);
  readings_.front().bytes.guess(sequence);
  exact_ = false;
}

bool Readings::may_begin_elsewhere(std::uint32_t sequence) const {
  return !exact_ && readings_.size() < kMaxBeginnings &&
         std::ranges::none_of(
             readings_,
             [&](const Reading& reading) {
               const std::int64_t ahead = distance(reading.bytes.position(), sequence);
               return ahead > -static_cast<std::int64_t>(kMaxPrefix) && ahead < kFar;
             });
}

bool Readings::add(std::uint32_t sequence, Bytes bytes) {
  for (Reading& reading : readings_) reading.changed = false;
  if (bytes.empty()) return true;
  if (readings_.empty() || may_begin_elsewhere(sequence)) {
    readings_.push_back(std::exchange(spare_, {}));
    readings_.back().bytes.guess(sequence);
  }
  const auto scattered = [&](const Reading& reading) { return reading.bytes.too_scattered_for(sequence, bytes); };
  if (std::ranges::any_of(readings_, scattered) || would_hold_too_much(bytes.size())) return false;
  if (std::ranges::any_of(readings_,
                          [&](const Reading& r) { return r.bytes.contradiction(sequence, bytes).has_value(); })) {
    return part(sequence, bytes);
  }
  for (Reading& reading : readings_) {
    take(reading, sequence, bytes);
    if (reading.segments.size() > kMaxReadingSegments) join_segments(reading);
  }
  return true;
}

// One reading alone has its own bounds.
bool Readings::would_hold_too_much(std::size_t size) const {
  if (!ambiguous()) return false;
  std::size_t most = readings_.capacity() * sizeof(Reading) + heap_of(spare_);
  for (const Reading& reading : readings_) {
    most += reading.bytes.most_memory_with(size) + 2 * (reading.segments.capacity() + 1) * sizeof(Reading::Segment) +
            reading.read_on.memory_bytes() + reading.search.memory_bytes();
  }
  return most > kMaxReadingBytes;
}

// Each reading that the segment contradicts becomes several.
bool Readings::part(std::uint32_t sequence, Bytes bytes) {
  // Each is copied; many are compared with each other as well.
  if (!work(memory_bytes() * (1 + readings_.size() * readings_.size() / kMaxReadings))) return false;
  std::vector<Reading> parted;
  for (const Reading& reading : readings_) {
    part_one(reading, sequence, bytes, parted);
    if (parted.size() > kMaxReadings) return false;
  }
  const std::size_t held = memory_of(parted);
  if (held > kMaxReadingBytes) return false;
  readings_ = std::move(parted);
  return true;
}

void Readings::part_one(const Reading& reading, std::uint32_t sequence, Bytes bytes, std::vector<Reading>& parted) {
  const auto contradiction = reading.bytes.contradiction(sequence, bytes);
  Reading first = reading;
  if (!contradiction) {
    take(first, sequence, bytes);
    return put(parted, std::move(first));
  }
  // The first copy is true: of the segment, what lies around the contradiction may still count.
  take(first, sequence, bytes.first(contradiction->begin - sequence));
  take(first, contradiction->end, bytes.subspan(contradiction->end - sequence));
  put(parted, std::move(first));
  if (!contradiction->settled || reading.coarse) {
    Reading last = reading;
    take(last, sequence, bytes);
    if (auto replaced = last.bytes.split()) last.bytes = std::move(*replaced);
    last.changed = true;
    last.read_anew();
    put(parted, std::move(last));
  }
  Reading died = without_contradicted(reading, sequence, bytes);
  take(died, sequence, bytes);
  died.changed = true;
  put(parted, std::move(died));
}

bool Readings::may_be_heard(std::uint32_t acknowledged) const {
  return std::ranges::any_of(readings_, [&](const Reading& reading) {
    const StreamPrefix::Extent extent = reading.bytes.extent();
    return extent.size > 0 && distance(extent.begin + static_cast<std::uint32_t>(extent.size), acknowledged) >= 0;
  });
}

bool Readings::work(std::size_t bytes) {
  work_ += bytes;
  return work_ <= kMaxReadingWork;
}

std::size_t Readings::memory_bytes() const {
  return memory_of(readings_) + heap_of(spare_);
}

}  // namespace netscope
