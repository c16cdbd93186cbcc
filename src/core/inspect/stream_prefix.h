// The beginning of one direction of a TCP connection, put together from segments in any order.
//
// Segments may arrive late, twice, or overlapping. Where two copies of a byte differ, somebody plays a game: some
// receivers keep the first copy, some the last (Ptacek and Newsham, 1998). Both readings are kept from the first
// difference on and both are judged.
//
// What lies without a gap is one stretch, and has memory of its own: a byte far ahead costs a byte. The second reading
// of a stretch is kept only where its copies differ.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/inspect/byte_run.h"
#include "netscope/base/bytes.h"

namespace netscope {

// Bytes kept in one direction of one connection. A ClientHello of the largest size fits, a record for each of its
// bytes.
inline constexpr std::size_t kMaxPrefix = 800 * 1024;
// Stretches behind gaps that are kept apart; a segment that would need one more is not kept.
inline constexpr std::size_t kMaxStretches = 512;

// How far one step of consumption may reach, in bytes: well inside the half of the sequence space that is "ahead".
inline constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 30;

class StreamPrefix {
 public:
  bool started() const { return started_; }
  // The sequence number of the first byte that is not consumed.
  std::uint32_t position() const { return base_; }
  // Whether the beginning is certain: a SYN named it, or bytes were consumed up to it.
  bool exact() const { return exact_; }
  // The stream begins at this sequence number: what a SYN says. Later starts are ignored.
  void start(std::uint32_t sequence);

  // Takes a segment's bytes. The first one starts a stream whose SYN was not seen; an earlier one that follows within
  // kMaxPrefix then moves its beginning back. Bytes before the beginning and beyond kMaxPrefix are dropped. Whether it
  // had another copy of a byte that was there, so that last_copy() is not what it was.
  bool add(std::uint32_t sequence, Bytes bytes);

  // Whether a segment in order would be the whole prefix: it can then be read where it lies and need not be added.
  bool is_next(std::uint32_t sequence) const { return started_ && stretches_.empty() && sequence == base_; }

  // Whether the beginning is a guess, and a segment lies before it: right before it, or further away.
  bool would_lead(std::uint32_t sequence, std::size_t size) const;
  bool lies_before(std::uint32_t sequence, std::size_t size) const;
  // Whether a segment begins before what is still to come.
  bool lies_behind(std::uint32_t sequence) const;

  // What is there without a gap, in the first-copy and the last-copy reading. The second is empty while no byte of it
  // differed.
  Bytes first_copy() const;
  Bytes last_copy() const;

  // Where a segment has other bytes than those that are there: from the first to the last that differs, as sequence
  // numbers; and whether all before them is there, so that a receiver has read on and nothing changes it any more.
  struct Contradiction {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    bool settled = false;
  };
  std::optional<Contradiction> contradiction(std::uint32_t sequence, Bytes bytes) const;
  // Whether a segment would need a stretch too many.
  bool too_scattered_for(std::uint32_t sequence, Bytes bytes) const;
  // Parts the two readings: this one keeps the first copies, the result has the last ones. Nothing where they agree.
  std::optional<StreamPrefix> split();
  // Whether all that is there is in the other one as well.
  bool is_part_of(const StreamPrefix& other) const;
  // The bytes of a segment that was added, as far as they were kept.
  Bytes held(std::uint32_t begin, std::uint32_t end) const;
  // What is there, in order: of each stretch the first sequence number, and the one behind it.
  template <typename Visitor>
  void for_each_stretch(Visitor visit) const {
    for (const Stretch& stretch : stretches_) visit(stretch.sequence, stretch.sequence + stretch.size());
  }
  // Where it stands, how many bytes are there without a gap, and how many in all.
  struct Extent {
    std::uint32_t begin = 0;
    std::size_t size = 0;
    std::size_t held = 0;
    bool operator==(const Extent&) const = default;
  };
  Extent extent() const;

  // The peer acknowledged bytes up to here. What it has and the capture has not will not come any more: when such a gap
  // stands at the front, the stream goes on behind it. True when that moved the beginning.
  bool skip_lost(std::uint32_t acknowledged);

  // The next `count` bytes are done with, whether they have arrived or not. At most kMaxStep at once.
  void consume(std::uint64_t count);
  // Forgets what is there and goes on at this sequence number.
  void restart(std::uint32_t sequence);
  // The same for a place that may not be a beginning: what comes right before it may still join.
  void guess(std::uint32_t sequence);

  // Whether bytes had to be dropped at a limit.
  bool overrun() const { return overrun_; }
  // Whether it is as long as it will get. What lies beyond a gap proves nothing: it may be a fake that never arrives.
  bool full() const { return first_copy().size() >= kMaxPrefix; }
  bool empty() const { return stretches_.empty(); }
  // All of the heap: buffers, and the list of them.
  std::size_t memory_bytes() const { return heap_ + spare_.capacity() + stretches_.capacity() * sizeof(Stretch); }
  // What that may be at most when a segment of `size` bytes has been added that contradicts nothing.
  std::size_t most_memory_with(std::size_t size) const {
    return ByteRun::most_capacity(heap_ + std::min(size, kMaxPrefix)) + spare_.capacity() +
           2 * (stretches_.capacity() + 1) * sizeof(Stretch);
  }
  // Gives the memory back; the position stays.
  void release();
  // As it was made, for another stream; a little memory stays for that one.
  void clear();

 private:
  struct Stretch {
    std::uint32_t sequence = 0;  // of its first byte
    ByteRun first{};             // the first copy of each byte
    ByteRun last{};              // the last one; empty while they agree

    std::uint32_t size() const { return static_cast<std::uint32_t>(first.size()); }
    std::size_t heap() const { return first.capacity() + last.capacity(); }
    Bytes first_copy() const { return first.view(); }
    Bytes last_copy() const { return last.empty() ? first.view() : last.view(); }
    void append(Bytes first_bytes, Bytes last_bytes);
    void prepend(Bytes first_bytes, Bytes last_bytes);
  };

  // The part of a segment that lies within the prefix, and where: offset from base_.
  struct Part {
    std::uint32_t begin = 0;
    Bytes bytes{};
  };
  Part within(std::uint32_t sequence, Bytes bytes) const;
  std::uint32_t begin_of(const Stretch& stretch) const { return stretch.sequence - base_; }  // offsets from base_
  std::uint32_t end_of(const Stretch& stretch) const { return begin_of(stretch) + stretch.size(); }
  std::size_t first_reaching(std::uint32_t begin) const;  // index of the first stretch that ends there or later
  using Copy = Bytes (Stretch::*)() const;
  bool differs(std::uint32_t begin, Bytes bytes, Copy copy) const;
  bool put(std::uint32_t begin, Bytes bytes);
  bool put_apart(std::size_t index, std::uint32_t begin, Bytes bytes);
  bool join(std::size_t first, std::size_t last, std::uint32_t begin, Bytes bytes);
  void keep_spare(ByteRun& run);

  std::uint32_t base_ = 0;  // sequence number of offset 0
  bool started_ = false;
  bool exact_ = false;  // base_ came from a SYN or from consumption: nothing earlier counts
  bool overrun_ = false;
  std::vector<Stretch> stretches_;  // ascending, apart from each other
  std::size_t held_ = 0;            // bytes in them, one copy of each
  std::size_t heap_ = 0;            // bytes of the heap that they hold
  ByteRun spare_;                   // an empty one, for the next stretch
};

}  // namespace netscope
