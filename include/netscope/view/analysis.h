// A capture from its bytes to rows and numbers: the run that a page makes of a file that is dropped on it. The same
// workers, shares and statistics as a run of the program.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "netscope/capture/chunk.h"
#include "netscope/capture/packet_decoder.h"
#include "netscope/engine/worker.h"
#include "netscope/output/run_totals.h"
#include "netscope/view/rows.h"

namespace netscope {

class Analysis {
 public:
  // Flows that are remembered at once, as the program's own default.
  static constexpr std::uint32_t kMaxFlows = 1u << 20;

  Analysis(std::shared_ptr<const RuleSet> rules, Tunnels tunnels);

  // Reads on: any number of bytes, in the order of the file. An error says why nothing more of this capture can be
  // read; what came before it stands, and further bytes are ignored.
  Result<void> feed(Bytes bytes);
  // The same without a copy: where the file's next bytes are to be put (room for one at least, good until the next
  // call), and that so many were.
  std::span<std::uint8_t> room();
  Result<void> take(std::size_t size);
  // The capture has ended. An error says what was cut off, or wrong with the file although all of it was read.
  Result<void> end_capture();
  // No further capture follows: all flows end as they stand.
  void finish();

  const Rows& rows() const { return rows_; }
  const RuleSet& rules() const { return *rules_; }
  // Of the whole; complete once finished.
  RunTotals totals() const;

 private:
  void judge();
  Result<void> take_what_is_whole();
  void add_rows(std::size_t share);
  void collect_events(Worker& worker);
  void place_packets();

  std::shared_ptr<const RuleSet> rules_;
  LearnedNames learned_{0};
  std::vector<Worker> workers_;  // one a share; they look at `learned_`
  CaptureParser parser_;
  PacketDecoder decoder_;
  Chunk chunk_;
  std::size_t held_ = 0;            // bytes in the chunk's buffer
  std::uint64_t chunk_offset_ = 0;  // of the buffer's first byte in the capture
  std::uint64_t number_ = 0;        // of the last packet
  std::uint16_t file_ = 0;
  bool broken_ = false;  // the rest of this capture cannot be read
  Rows rows_;
  std::vector<Event> events_;  // of one share's chunk
};

}  // namespace netscope
