#include "core/inspect/stream_prefix.h"

#include <algorithm>
#include <utility>

#include "core/inspect/sequence.h"

namespace netscope {
namespace {

// Of a buffer that is kept for another stream: most messages that are looked for fit.
constexpr std::size_t kKeptBytes = 2048;
constexpr std::size_t kKeptStretches = 16;

}  // namespace

void StreamPrefix::Stretch::append(Bytes first_bytes, Bytes last_bytes) {
  first.append(first_bytes);
  if (!last.empty()) last.append(last_bytes);
}

void StreamPrefix::Stretch::prepend(Bytes first_bytes, Bytes last_bytes) {
  sequence -= static_cast<std::uint32_t>(first_bytes.size());
  first.prepend(first_bytes);
  if (!last.empty()) last.prepend(last_bytes);
}

void StreamPrefix::start(std::uint32_t sequence) {
  if (exact_) return;
  if (started_) {
    const std::int64_t ahead = distance(base_, sequence);
    if (ahead > 0) return;
    if (-ahead > static_cast<std::int64_t>(kMaxPrefix)) release();  // of another stream
  }
  base_ = sequence;
  started_ = exact_ = true;
}

bool StreamPrefix::add(std::uint32_t sequence, Bytes bytes) {
  if (bytes.empty()) return false;
  if (!started_) {
    base_ = sequence;
    started_ = true;
  }
  std::int64_t begin = distance(base_, sequence);
  const std::int64_t reach = stretches_.empty() ? 0 : end_of(stretches_.back());
  const std::int64_t room_ahead = static_cast<std::int64_t>(2 * kMaxPrefix) - reach;
  if (begin < 0 && !exact_ && -begin <= std::min(room_ahead, static_cast<std::int64_t>(kMaxPrefix))) {
    base_ = sequence;
    begin = 0;
  }
  if (begin < 0) {
    if (-begin >= static_cast<std::int64_t>(bytes.size())) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(-begin));
    begin = 0;
  }
  if (begin >= static_cast<std::int64_t>(kMaxPrefix)) {
    // A little beyond: the stream has outgrown us. Far beyond: a stray or forged segment, which proves nothing.
    overrun_ = overrun_ || begin < static_cast<std::int64_t>(4 * kMaxPrefix);
    return false;
  }
  const std::size_t room = kMaxPrefix - static_cast<std::size_t>(begin);
  if (bytes.size() > room) {
    bytes = bytes.first(room);
    overrun_ = true;
  }
  return put(static_cast<std::uint32_t>(begin), bytes);
}

// Many stretches are a hostile peer's doing: finding one among them must not cost as many steps.
std::size_t StreamPrefix::first_reaching(std::uint32_t begin) const {
  const auto first = std::ranges::partition_point(stretches_, [&](const Stretch& s) { return end_of(s) < begin; });
  return static_cast<std::size_t>(first - stretches_.begin());
}

bool StreamPrefix::differs(std::uint32_t begin, Bytes bytes, Copy copy) const {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  for (std::size_t i = first_reaching(begin); i < stretches_.size() && begin_of(stretches_[i]) < end; ++i) {
    const std::uint32_t from = std::max(begin, begin_of(stretches_[i]));
    const std::uint32_t to = std::min(end, end_of(stretches_[i]));
    const Bytes held = (stretches_[i].*copy)().subspan(from - begin_of(stretches_[i]), to - from);
    if (!std::ranges::equal(held, bytes.subspan(from - begin, to - from))) return true;
  }
  return false;
}

// Whether a byte that was there had another last copy.
bool StreamPrefix::put(std::uint32_t begin, Bytes bytes) {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  const std::size_t first = first_reaching(begin);
  std::size_t last = first;
  while (last != stretches_.size() && begin_of(stretches_[last]) <= end) ++last;
  if (first != last) return join(first, last, begin, bytes);
  if (!put_apart(first, begin, bytes)) overrun_ = true;
  return false;
}

// False when that would be a stretch too many.
bool StreamPrefix::put_apart(std::size_t index, std::uint32_t begin, Bytes bytes) {
  if (stretches_.size() >= kMaxStretches + (begin == 0 ? 1 : 0)) return false;
  Stretch stretch{.sequence = base_ + begin, .first = std::exchange(spare_, {})};
  stretch.first.assign(bytes);
  held_ += stretch.size();
  heap_ += stretch.heap();
  stretches_.insert(stretches_.begin() + static_cast<std::ptrdiff_t>(index), std::move(stretch));
  return true;
}

// The stretches [first, last) and the bytes, which touch each of them, become one. The largest grows by the others, so
// that a byte is copied only where what it belongs to doubles.
bool StreamPrefix::join(std::size_t first, std::size_t last, std::uint32_t begin, Bytes bytes) {
  const std::uint32_t end = begin + static_cast<std::uint32_t>(bytes.size());
  std::size_t largest = first;
  const bool another = differs(begin, bytes, &Stretch::last_copy);
  bool two = another;
  for (std::size_t i = first; i < last; ++i) {
    held_ -= stretches_[i].size();
    heap_ -= stretches_[i].heap();
    two = two || !stretches_[i].last.empty();
    if (stretches_[i].size() > stretches_[largest].size()) largest = i;
  }
  Stretch& joined = stretches_[largest];
  if (two && joined.last.empty()) joined.last.assign(joined.first_copy());
  // The first copy of a byte stays: only what no stretch covers is taken from the segment.
  const auto part = [&](std::uint32_t from, std::uint32_t to) { return bytes.subspan(from - begin, to - from); };
  const auto fill_up_to = [&](std::uint32_t to) {
    const Bytes gap = part(end_of(joined), to);
    joined.append(gap, gap);
  };
  const auto fill_down_to = [&](std::uint32_t from) {
    const Bytes gap = part(from, begin_of(joined));
    joined.prepend(gap, gap);
  };
  for (std::size_t i = largest + 1; i < last; ++i) {
    fill_up_to(begin_of(stretches_[i]));
    joined.append(stretches_[i].first_copy(), stretches_[i].last_copy());
  }
  if (end_of(joined) < end) fill_up_to(end);
  for (std::size_t i = largest; i-- > first;) {
    fill_down_to(end_of(stretches_[i]));
    joined.prepend(stretches_[i].first_copy(), stretches_[i].last_copy());
  }
  if (begin < begin_of(joined)) fill_down_to(begin);
  if (two) joined.last.overwrite(begin - begin_of(joined), bytes);
  held_ += joined.size();
  heap_ += joined.heap();
  if (largest != first) std::swap(stretches_[first], joined);
  const auto rest = stretches_.begin() + static_cast<std::ptrdiff_t>(first) + 1;
  stretches_.erase(rest, rest + static_cast<std::ptrdiff_t>(last - first - 1));
  return another;
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
  if (part.bytes.empty() || !differs(part.begin, part.bytes, &Stretch::first_copy)) return std::nullopt;
  const std::uint32_t end = part.begin + static_cast<std::uint32_t>(part.bytes.size());
  std::uint32_t first = end, last = part.begin;
  for (std::size_t i = first_reaching(part.begin); i < stretches_.size() && begin_of(stretches_[i]) < end; ++i) {
    const Bytes held = stretches_[i].first_copy();
    const std::uint32_t to = std::min(end, end_of(stretches_[i]));
    for (std::uint32_t at = std::max(part.begin, begin_of(stretches_[i])); at < to; ++at) {
      if (held[at - begin_of(stretches_[i])] == part.bytes[at - part.begin]) continue;
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
  return next == stretches_.size() || begin_of(stretches_[next]) > end;
}

std::optional<StreamPrefix> StreamPrefix::split() {
  if (std::ranges::all_of(stretches_, [](const Stretch& stretch) { return stretch.last.empty(); })) return std::nullopt;
  StreamPrefix last;
  last.base_ = base_;
  last.started_ = started_;
  last.exact_ = exact_;
  last.overrun_ = overrun_;
  for (Stretch& stretch : stretches_) {
    heap_ -= stretch.last.capacity();
    ByteRun run = std::exchange(stretch.last, {});
    if (run.empty()) run.assign(stretch.first_copy());
    last.heap_ += run.capacity();
    last.held_ += run.size();
    last.stretches_.push_back({.sequence = stretch.sequence, .first = std::move(run)});
  }
  return last;
}

bool StreamPrefix::is_part_of(const StreamPrefix& other) const {
  return std::ranges::all_of(stretches_, [&](const Stretch& stretch) {
    if (distance(other.base_, stretch.sequence) < 0) return false;
    const Bytes there = other.held(stretch.sequence, stretch.sequence + stretch.size());
    return std::ranges::equal(stretch.first_copy(), there);
  });
}

Bytes StreamPrefix::held(std::uint32_t begin, std::uint32_t end) const {
  if (distance(base_, end) <= 0) return {};
  const auto from = static_cast<std::uint32_t>(std::max<std::int64_t>(distance(base_, begin), 0));
  const std::size_t i = first_reaching(from);
  if (i == stretches_.size() || begin_of(stretches_[i]) > from) return {};
  const std::uint32_t to = std::min(end - base_, end_of(stretches_[i]));
  if (to <= from) return {};
  return stretches_[i].first_copy().subspan(from - begin_of(stretches_[i]), to - from);
}

StreamPrefix::Extent StreamPrefix::extent() const {
  return {.begin = base_, .size = first_copy().size(), .held = held_};
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
  if (stretches_.empty() || stretches_.front().sequence != base_) return {};
  return stretches_.front().first_copy();
}

Bytes StreamPrefix::last_copy() const {
  if (stretches_.empty() || stretches_.front().sequence != base_) return {};
  return stretches_.front().last.view();
}

bool StreamPrefix::skip_lost(std::uint32_t acknowledged) {
  if (stretches_.empty() || stretches_.front().sequence == base_) return false;
  const std::uint32_t gap = begin_of(stretches_.front());
  if (distance(base_, acknowledged) < static_cast<std::int64_t>(gap)) return false;
  consume(gap);
  return true;
}

void StreamPrefix::consume(std::uint64_t count) {
  const auto step = static_cast<std::uint32_t>(std::min(count, kMaxStep));
  std::size_t done = 0;
  for (; done < stretches_.size() && end_of(stretches_[done]) <= step; ++done) {
    held_ -= stretches_[done].size();
    heap_ -= stretches_[done].heap();
    keep_spare(stretches_[done].first);
  }
  if (done < stretches_.size() && begin_of(stretches_[done]) < step) {
    Stretch& cut = stretches_[done];
    const std::uint32_t gone = step - begin_of(cut);
    cut.first.drop_front(gone);
    if (!cut.last.empty()) cut.last.drop_front(gone);
    cut.sequence += gone;
    held_ -= gone;
  }
  stretches_.erase(stretches_.begin(), stretches_.begin() + static_cast<std::ptrdiff_t>(done));
  base_ += step;
  exact_ = true;
  overrun_ = false;
}

void StreamPrefix::keep_spare(ByteRun& run) {
  if (run.capacity() > kKeptBytes || run.capacity() <= spare_.capacity()) return;
  spare_ = std::exchange(run, {});
  spare_.clear();
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
  // Not `= {}`, which would empty the list and keep its memory.
  stretches_ = std::vector<Stretch>();
  spare_ = ByteRun();
  held_ = heap_ = 0;
}

void StreamPrefix::clear() {
  for (Stretch& stretch : stretches_) keep_spare(stretch.first);
  stretches_.clear();
  if (stretches_.capacity() > kKeptStretches) stretches_ = std::vector<Stretch>();
  held_ = heap_ = 0;
  base_ = 0;
  started_ = exact_ = overrun_ = false;
}

}  // namespace netscope
