// From the records of a chunk to the packets of its shares.
#pragma once

#include <cstdint>
#include <memory>

#include "netscope/capture/chunk.h"
#include "netscope/net/headers.h"

namespace netscope {

// Turns records into packets, in their order, and deals them out. Fragments wait in it for the rest of their datagrams,
// from one chunk to the next.
class PacketDecoder {
 public:
  // Whether DNS answers are watched for the names that they tell.
  enum class Answers : bool { ignored, watched };
  explicit PacketDecoder(Tunnels tunnels, Answers answers = Answers::ignored);
  PacketDecoder(PacketDecoder&&) noexcept;
  PacketDecoder& operator=(PacketDecoder&&) noexcept;
  ~PacketDecoder();

  // Fills the shares' packets with the records that were taken since the last time, and makes room for their verdicts.
  // Records that are not wanted belong to no share.
  void decode(Chunk& chunk);
  // Of all chunks so far, the unwanted ones included.
  std::uint64_t packets() const;

 private:
  class Steps;
  std::unique_ptr<Steps> steps_;
};

}  // namespace netscope
