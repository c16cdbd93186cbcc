#include "core/inspect/stream_prefix.h"

#include <algorithm>

#include "core/inspect/sequence.h"

namespace netscope {

void StreamPrefix::start(std::uint32_t sequence) {
  if (exact_) return;
  if (started_) {
    const std::int64_t ahead = distance(base_, sequence);
    if (ahead < 0 && -ahead <= static_cast<std::int64_t>(kMaxPrefix)) {
      move_back(static_cast<std::uint32_t>(-ahead));
    } else if (ahead > 0) {
      return;
    }
  }
  base_ = sequence;
  started_ = exact_ = true;
}

void StreamPrefix::add(std::uint32_t sequence, Bytes bytes) {
  if (bytes.empty()) return;
  if (!started_) {
    base_ = sequence;
    started_ = true;
  }
  std::int64_t begin = distance(base_, sequence);
  const auto room_ahead = static_cast<std::int64_t>(2 * kMaxPrefix) - std::ssize(bytes_);
  if (begin < 0 && !exact_ && -begin <= std::min(room_ahead, static_cast<std::int64_t>(kMaxPrefix))) {
    move_back(static_cast<std::uint32_t>(-begin));
    begin = 0;
  }
  if (begin < 0) {
    if (-begin >= static_cast<std::int64_t>(bytes.size())) return;
    bytes = bytes.subspan(static_cast<std::size_t>(-begin));
    begin = 0;
  }
  if (begin >= static_cast<std::int64_t>(kMaxPrefix)) {
    // A little beyond: the stream has outgrown us. Far beyond: a stray or forged segment, which proves nothing.
    overrun_ = overrun_ || begin < static_cast<std::int64_t>(4 * kMaxPrefix);
    return;
  }
  const std::size_t room = kMaxPrefix - static_cast<std::size_t>(begin);
  if (bytes.size() > room) {
    bytes = bytes.first(room);
    overrun_ = true;
  }
  put(static_cast<std::uint32_t>(begin), bytes);
}

// Many stretches are a hostile peer's doing: finding one among them must not cost as many steps.
std::size_t StreamPrefix::first_reaching(std::uint32_t begin) const {
  const auto first = std::ranges::partition_point(stretches_, [&](const Stretch& s) { return s.end < begin; });
  return static_cast<std::size_t>(first - stretches_.begin());
}

bool StreamPrefix::differs(std::uint32_t begin, Bytes bytes) const {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  const auto unequal = [&](const std::vector<std::uint8_t>& held, std::uint32_t from, std::uint32_t to) {
    return !std::equal(held.begin() + from, held.begin() + to, bytes.begin() + (from - begin));
  };
  for (std::size_t i = first_reaching(begin); i < stretches_.size() && stretches_[i].begin < end; ++i) {
    const std::uint32_t from = std::max(begin, stretches_[i].begin);
    const std::uint32_t to = std::min(end, stretches_[i].end);
    if (from < to && unequal(bytes_, from, to)) return true;
  }
  return false;
}

void StreamPrefix::put(std::uint32_t begin, Bytes bytes) {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  if (begin == bytes_.size() && other_.empty()) {  // as nearly every segment does, it goes on where the last one ended
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    overrun_ = !mark(begin, end) || overrun_;
    return;
  }
  if (bytes_.size() < end) {
    bytes_.resize(end);
    if (!other_.empty()) other_.resize(end);
  }
  if (other_.empty() && differs(begin, bytes)) other_ = bytes_;
  if (!other_.empty()) std::copy(bytes.begin(), bytes.end(), other_.begin() + begin);
  // The first copy of a byte stays: only what no stretch covers is written.
  std::uint32_t cursor = begin;
  const auto write_up_to = [&](std::uint32_t to) {
    if (cursor < to) std::copy(bytes.begin() + (cursor - begin), bytes.begin() + (to - begin), bytes_.begin() + cursor);
  };
  for (std::size_t i = first_reaching(begin); i < stretches_.size() && stretches_[i].begin < end; ++i) {
    if (stretches_[i].end <= cursor) continue;
    write_up_to(stretches_[i].begin);
    cursor = stretches_[i].end;
  }
  write_up_to(end);
  if (!mark(begin, end)) overrun_ = true;
}

// Joins [begin, end) to the stretches; false when that would need one too many.
bool StreamPrefix::mark(std::uint32_t begin, std::uint32_t end) {
  const auto first = stretches_.begin() + static_cast<std::ptrdiff_t>(first_reaching(begin));
  auto last = first;
  while (last != stretches_.end() && last->begin <= end) ++last;
  if (first == last) {
    if (stretches_.size() >= kMaxStretches + (begin == 0 ? 1 : 0)) return false;
    stretches_.insert(first, Stretch{begin, end});
    return true;
  }
  first->begin = std::min(first->begin, begin);
  first->end = std::max((last - 1)->end, end);
  stretches_.erase(first + 1, last);
  return true;
}

void StreamPrefix::move_back(std::uint32_t count) {
  base_ -= count;
  if (stretches_.empty()) return;
  bytes_.insert(bytes_.begin(), count, 0);
  if (!other_.empty()) other_.insert(other_.begin(), count, 0);
  for (Stretch& stretch : stretches_) {
    stretch.begin += count;
    stretch.end += count;
  }
}

StreamPrefix::Part StreamPrefix::within(std::uint32_t sequence, Bytes bytes) const {
  const std::int64_t begin = distance(base_, sequence);
  const std::int64_t skipped = std::clamp<std::int64_t>(-begin, 0, std::ssize(bytes));
  if (!started_ || begin >= static_cast<std::int64_t>(kMaxPrefix)) return {};
  bytes = bytes.subspan(static_cast<std::size_t>(skipped));
  const auto at = static_cast<std::uint32_t>(std::max<std::int64_t>(begin, 0));
  return {.begin = at, .bytes = bytes.first(std::min(bytes.size(), kMaxPrefix - at))};
}

std::optional<StreamPrefix::Contradiction> StreamPrefix::contradiction(std::uint32_t sequence, Bytes bytes) const {
  const Part part = within(sequence, bytes);
  if (part.bytes.empty() || !differs(part.begin, part.bytes)) return std::nullopt;
  const std::uint32_t end = part.begin + static_cast<std::uint32_t>(part.bytes.size());
  std::uint32_t first = end, last = part.begin;
  for (std::size_t i = first_reaching(part.begin); i < stretches_.size() && stretches_[i].begin < end; ++i) {
    const std::uint32_t to = std::min(end, stretches_[i].end);
    for (std::uint32_t at = std::max(part.begin, stretches_[i].begin); at < to; ++at) {
      if (bytes_[at] == part.bytes[at - part.begin]) continue;
      first = std::min(first, at);
      last = at + 1;
    }
  }
  return Contradiction{.begin = base_ + first, .end = base_ + last, .settled = first < first_copy().size()};
}

bool StreamPrefix::too_scattered_for(std::uint32_t sequence, Bytes bytes) const {
  const Part part = within(sequence, bytes);
  if (part.bytes.empty() || part.begin == 0 || stretches_.size() < kMaxStretches) return false;
  const std::size_t next = first_reaching(part.begin);
  const std::uint32_t end = part.begin + static_cast<std::uint32_t>(part.bytes.size());
  return next == stretches_.size() || stretches_[next].begin > end;
}

std::optional<StreamPrefix> StreamPrefix::split() {
  if (other_.empty()) return std::nullopt;
  StreamPrefix last = *this;
  last.bytes_ = std::move(last.other_);
  last.other_.clear();
  other_ = std::vector<std::uint8_t>();
  return last;
}

bool StreamPrefix::is_part_of(const StreamPrefix& other) const {
  return std::ranges::all_of(stretches_, [&](const Stretch& stretch) {
    const Bytes here = Bytes{bytes_}.subspan(stretch.begin, stretch.end - stretch.begin);
    const std::int64_t begin = distance(other.base_, base_ + stretch.begin);
    if (begin < 0) return false;
    const auto at = static_cast<std::uint32_t>(begin);
    const std::size_t i = other.first_reaching(at);
    const std::uint32_t end = at + static_cast<std::uint32_t>(here.size());
    return i < other.stretches_.size() && other.stretches_[i].begin <= at && other.stretches_[i].end >= end &&
           std::equal(here.begin(), here.end(), other.bytes_.begin() + begin);
  });
}

Bytes StreamPrefix::held(std::uint32_t begin, std::uint32_t end) const {
  const std::int64_t from = std::clamp<std::int64_t>(distance(base_, begin), 0, std::ssize(bytes_));
  const std::int64_t to = std::clamp<std::int64_t>(distance(base_, end), from, std::ssize(bytes_));
  return Bytes{bytes_}.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}

StreamPrefix::Extent StreamPrefix::extent() const {
  Extent extent{.begin = base_, .size = first_copy().size(), .held = 0};
  for (const Stretch& stretch : stretches_) extent.held += stretch.end - stretch.begin;
  return extent;
}

bool StreamPrefix::would_lead(std::uint32_t sequence, std::size_t size) const {
  return started_ && !exact_ && !stretches_.empty() && sequence + static_cast<std::uint32_t>(size) == base_;
}

bool StreamPrefix::lies_before(std::uint32_t sequence, std::size_t size) const {
  return started_ && !exact_ && distance(base_, sequence + static_cast<std::uint32_t>(size)) <= 0;
}

bool StreamPrefix::lies_behind(std::uint32_t sequence) const {
  return started_ && distance(base_, sequence) < 0;
}

Bytes StreamPrefix::first_copy() const {
  if (stretches_.empty() || stretches_.front().begin != 0) return {};
  return Bytes{bytes_}.first(stretches_.front().end);
}

Bytes StreamPrefix::last_copy() const {
  if (other_.empty() || stretches_.empty() || stretches_.front().begin != 0) return {};
  return Bytes{other_}.first(stretches_.front().end);
}

bool StreamPrefix::skip_lost(std::uint32_t acknowledged) {
  if (stretches_.empty() || stretches_.front().begin == 0) return false;
  const std::uint32_t gap = stretches_.front().begin;
  if (distance(base_, acknowledged) < static_cast<std::int64_t>(gap)) return false;
  consume(gap);
  return true;
}

void StreamPrefix::consume(std::uint64_t count) {
  const auto step = static_cast<std::uint32_t>(std::min(count, kMaxStep));
  base_ += step;
  exact_ = true;
  const auto drop = [step](std::vector<std::uint8_t>& bytes) {
    bytes.erase(bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(step, std::ssize(bytes)));
  };
  drop(bytes_);
  std::size_t kept = 0;
  for (const Stretch& stretch : stretches_) {
    if (stretch.end <= step) continue;
    stretches_[kept++] = {stretch.begin > step ? stretch.begin - step : 0, stretch.end - step};
  }
  stretches_.resize(kept);
  if (stretches_.empty()) {
    bytes_.clear();
    other_.clear();  // what follows was not seen in two versions
  } else {
    drop(other_);
  }
  overrun_ = false;
}

void StreamPrefix::restart(std::uint32_t sequence) {
  release();
  base_ = sequence;
  started_ = exact_ = true;
  overrun_ = false;
}

void StreamPrefix::guess(std::uint32_t sequence) {
  restart(sequence);
  exact_ = false;
}

void StreamPrefix::release() {
  // Not `= {}`, which would empty the vectors and keep their memory.
  bytes_ = std::vector<std::uint8_t>();
  other_ = std::vector<std::uint8_t>();
  stretches_ = std::vector<Stretch>();
}

void StreamPrefix::clear() {
  constexpr std::size_t kKeptBytes = 2048, kKeptStretches = 16;  // most messages that are looked for fit
  if (memory_bytes() > kKeptBytes || stretches_.capacity() > kKeptStretches) release();
  bytes_.clear();
  other_.clear();
  stretches_.clear();
  base_ = 0;
  started_ = exact_ = overrun_ = false;
}

}  // namespace netscope
