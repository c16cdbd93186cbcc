// What one side of a TCP connection said and the other has not answered yet, in every way in which it may be heard.
//
// Tools made to slip past a firewall say the same bytes twice, with different content, and let one of the copies die
// before the server: by a small TTL, a bad checksum, a signature that the server does not know. Which of them it heard
// shows only when it answers. Until then each segment may have died. So where one contradicts a reading, that reading
// parts: into one that keeps its bytes (the first copy is true), one in which the contradicted segments have died, and,
// where a gap keeps the receiver from having read on, one in which the segment's bytes replace them (the last copy is
// true). What is less than another reading in every byte is not kept: whatever may follow it may follow the other.
//
// One fake ahead of a message in any number of pieces makes two readings, a fake around each of two pieces four. The
// number is bounded: a segment that would lead to more is taken into none, and the caller must not let it through. What
// the server cannot hear need not be read.
#pragma once

#include <cstdint>
#include <vector>

#include "core/inspect/stream_inspection.h"
#include "core/inspect/stream_mode.h"
#include "core/inspect/stream_prefix.h"
#include "netscope/base/bytes.h"

namespace netscope {

// Readings of one direction at once: fifteen fakes ahead of a message, or a fake for each of its four pieces.
inline constexpr std::size_t kMaxReadings = 16;
// Bytes that they hold together, lists included, where there are several: twice the largest hello, and what buffers
// keep in reserve. A segment that might lead to more is refused.
inline constexpr std::size_t kMaxReadingBytes = 640 * 1024;
// Bytes that are read and copied for them until the other side answers: a small part of a second.
inline constexpr std::size_t kMaxReadingWork = 32u << 20;
// Readings that begin elsewhere, where no answer has shown yet which of several SYNs was the true one.
inline constexpr std::size_t kMaxBeginnings = 4;

// Segments of one reading that are told apart; one more, and those without a gap are one. More than kMaxStretches.
inline constexpr std::size_t kMaxReadingSegments = 4096;

struct Reading {
  struct Segment {
    std::uint32_t begin;  // sequence numbers
    std::uint32_t end;
  };
  StreamPrefix bytes;
  StreamMode mode = StreamMode::detect;  // how what follows is to be read
  std::vector<Segment> segments;         // that are taken to have arrived, as far as they agree with it
  bool coarse = false;                   // they were more than are told apart
  bool changed = false;                  // by the last segment
  bool understood = false;               // it showed what it is
  // How far it was read, and as what and where it was begun; its prefix holds nothing.
  StreamInspection read_on;
  StreamMode begun_as = StreamMode::detect;
  std::uint32_t begun_at = 0;
  HelloSearch search;  // for hellos anywhere in it

  // It is read from its beginning next.
  void read_anew();

  // As it was made; a little memory stays.
  void clear();
};

class Readings {
 public:
  // Everything before `sequence` was answered; what comes next stands there.
  void begin(std::uint32_t sequence);
  // The stream may begin there; another place is possible until `begin` is called.
  void guess(std::uint32_t sequence);

  // It begins where it was guessed.
  void confirm() { exact_ = true; }
  // Where the first reading begins.
  std::uint32_t position() const { return readings_.empty() ? 0 : readings_.front().bytes.position(); }

  // Takes a segment. False when it contradicts so much that it cannot be judged: nothing has changed then.
  [[nodiscard]] bool add(std::uint32_t sequence, Bytes bytes);

  std::vector<Reading>& all() { return readings_; }
  bool empty() const { return readings_.empty(); }
  // Whether what was said can be read in more than one way.
  bool ambiguous() const { return readings_.size() > 1; }
  // Whether some reading has no byte behind `acknowledged`: the other side may have heard all of it.
  bool may_be_heard(std::uint32_t acknowledged) const;

  // Counts bytes that are read; false when the limit is passed.
  bool work(std::size_t bytes);
  std::size_t memory_bytes() const;

  // As they were made, for another stream; a little memory stays for that one.
  void clear();

 private:
  bool may_begin_elsewhere(std::uint32_t sequence) const;
  bool would_hold_too_much(std::size_t size) const;
  bool part(std::uint32_t sequence, Bytes bytes);
  static void part_one(const Reading& reading, std::uint32_t sequence, Bytes bytes, std::vector<Reading>& parted);

  std::vector<Reading> readings_;
  Reading spare_;  // as made: what the first of them begins as
  std::size_t work_ = 0;
  bool exact_ = false;
};

}  // namespace netscope
