#include "linux/nfq/queue_holder.h"

#include <gtest/gtest.h>

#include <string>

namespace netscope::nfq {
namespace {

const std::string kSockets =
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
    "00000000d623a6e8 0   15923      00000000 0        0        0     2        0        644633  \n"
    "00000000d703cf99 12  0          00000000 0        0        0     2        0        644640  \n"
    "00000000643921d1 12  15923      00000000 0        0        0     2        0        644668  \n"
    "00000000d34abd60 12  4012406071 00000000 0        0        0     2        0        644669  \n";

TEST(QueueHolder, IsTheNetfilterSocketWithThePort) {
  EXPECT_EQ(find_socket_inode(kSockets, 15923), 644668u);
  EXPECT_EQ(find_socket_inode(kSockets, 4012406071), 644669u);
  EXPECT_EQ(find_socket_inode(kSockets, 1), std::nullopt);
}

TEST(QueueHolder, IsNobodyInATextThatEndsTooEarly) {
  const std::size_t line = kSockets.find("00000000643921d1");
  const std::size_t end = kSockets.find('\n', line);
  for (std::size_t size = 0; size <= end; ++size) {
    EXPECT_EQ(find_socket_inode(std::string_view(kSockets).substr(0, size), 15923), std::nullopt) << size;
  }
  EXPECT_EQ(find_socket_inode(std::string_view(kSockets).substr(0, end + 1), 15923), 644668u);
}

}  // namespace
}  // namespace netscope::nfq
