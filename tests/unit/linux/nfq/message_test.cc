#include "linux/nfq/message.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "queue_message.h"

namespace netscope::nfq {
namespace {

using test::Buffer;
using test::ByteWriter;
using test::QueueMessage;

constexpr std::uint16_t kQueue = 0x0102;

struct Parsed {
  MessageKind kind = MessageKind::malformed;
  QueuedPacket packet{};
  Reply reply{};
};

Parsed parse(Bytes datagram) {
  Parsed out;
  out.kind = parse_message(datagram, kQueue, out.packet, out.reply);
  return out;
}

QueueMessage small_packet() {
  return QueueMessage(kQueue).packet_header(9, 0x0800, 2);
}

TEST(QueueMessage, APacketTellsAllThatTheKernelKnowsOfIt) {
  const Buffer payload = test::noise(61);
  const Buffer address{2, 0, 0, 0, 0, 7};
  const Buffer datagram = QueueMessage(kQueue)
                              .packet_header(0x01020304, 0x86dd, 3)
                              .interfaces(4, 5)
                              .mark(0xff000001)
                              .sender(address)
                              .buffer_flags(7)
                              .captured_length(9000)
                              .payload(payload)
                              .datagram();
  const auto [kind, packet, reply] = parse(datagram);
  ASSERT_EQ(kind, MessageKind::packet);
  EXPECT_EQ(packet.id, 0x01020304u);
  EXPECT_EQ(packet.ethertype, 0x86dd);
  EXPECT_EQ(packet.hook, 3);
  EXPECT_EQ(packet.in_interface, 4u);
  EXPECT_EQ(packet.out_interface, 5u);
  EXPECT_EQ(packet.mark, 0xff000001u);
  EXPECT_TRUE(packet.gso && packet.checksum_not_ready && packet.checksum_not_verified);
  EXPECT_EQ(packet.size_on_wire, 9000u);
  EXPECT_EQ(Buffer(packet.sender.bytes().begin(), packet.sender.bytes().end()), address);
  EXPECT_EQ(Buffer(packet.data.begin(), packet.data.end()), payload);
}

TEST(QueueMessage, WhatTheKernelLeavesOutIsNothing) {
  const Buffer payload = test::noise(20);
  const auto [kind, packet, reply] = parse(small_packet().payload(payload).datagram());
  ASSERT_EQ(kind, MessageKind::packet);
  EXPECT_EQ(packet.size_on_wire, 20u);
  EXPECT_EQ(packet.mark + packet.in_interface + packet.out_interface, 0u);
  EXPECT_FALSE(packet.gso || packet.checksum_not_ready || packet.checksum_not_verified);
  EXPECT_EQ(packet.sender, HardwareAddress{});
}

TEST(QueueMessage, EachFlagIsItsOwn) {
  EXPECT_TRUE(parse(small_packet().buffer_flags(1).datagram()).packet.checksum_not_ready);
  EXPECT_TRUE(parse(small_packet().buffer_flags(2).datagram()).packet.gso);
  EXPECT_TRUE(parse(small_packet().buffer_flags(4).datagram()).packet.checksum_not_verified);
  EXPECT_FALSE(parse(small_packet().buffer_flags(5).datagram()).packet.gso);
}

TEST(QueueMessage, ALengthThatTheCopyExceedsIsNotBelieved) {
  EXPECT_EQ(parse(small_packet().captured_length(3).payload(test::noise(20)).datagram()).packet.size_on_wire, 20u);
}

TEST(QueueMessage, WithoutAPayloadAPacketCanBeAnswered) {
  const auto [kind, packet, reply] = parse(small_packet().mark(8).datagram());
  EXPECT_EQ(kind, MessageKind::packet);
  EXPECT_EQ(packet.id, 9u);
  EXPECT_EQ(packet.mark, 8u);
  EXPECT_TRUE(packet.data.empty());
}

TEST(QueueMessage, WithoutAnIdNobodyCan) {
  EXPECT_EQ(parse(QueueMessage(kQueue).payload(test::noise(20)).datagram()).kind, MessageKind::malformed);
  EXPECT_EQ(parse(QueueMessage(kQueue).attribute(1, test::noise(6)).datagram()).kind, MessageKind::malformed);
  EXPECT_EQ(parse(QueueMessage(kQueue).datagram()).kind, MessageKind::malformed);
}

TEST(QueueMessage, ASenderLongerThanItsFieldIsNone) {
  const Buffer lying = ByteWriter().u16(9).u16(0).fill(8, 1);
  EXPECT_EQ(parse(small_packet().attribute(9, lying).datagram()).packet.sender.size, 0);
  const Buffer eight = ByteWriter().u16(8).u16(0).fill(8, 1);
  EXPECT_EQ(parse(small_packet().attribute(9, eight).datagram()).packet.sender.size, 8);
}

TEST(QueueMessage, AttributesOfLaterKernelsArePassedOver) {
  const auto [kind, packet, reply] =
      parse(QueueMessage(kQueue).attribute(900, test::noise(5)).packet_header(3, 0x0800, 1).mark(4).datagram());
  EXPECT_EQ(kind, MessageKind::packet);
  EXPECT_EQ(packet.id, 3u);
  EXPECT_EQ(packet.mark, 4u);
}

TEST(QueueMessage, OfOthersIsForeign) {
  EXPECT_EQ(parse(QueueMessage(kQueue + 1).packet_header(1, 0x0800, 2).datagram()).kind, MessageKind::foreign);
  EXPECT_EQ(parse(QueueMessage(kQueue, 0x0301).packet_header(1, 0x0800, 2).datagram()).kind, MessageKind::foreign);
  EXPECT_EQ(parse(QueueMessage(kQueue, 0x0100).packet_header(1, 0x0800, 2).datagram()).kind, MessageKind::foreign);
}

TEST(QueueMessage, AReplyTellsWhatItAnswersAndTheError) {
  const Parsed refused = parse(QueueMessage::reply(ENOENT, 0x0301, 0));
  EXPECT_EQ(refused.kind, MessageKind::reply);
  EXPECT_EQ(refused.reply.error, ENOENT);
  EXPECT_TRUE(refused.reply.to_verdict);
  const Parsed done = parse(QueueMessage::reply(0, 0x0302, 77));
  EXPECT_EQ(done.kind, MessageKind::reply);
  EXPECT_EQ(done.reply.error, 0);
  EXPECT_EQ(done.reply.sequence, 77u);
  EXPECT_FALSE(done.reply.to_verdict);
}

TEST(QueueMessage, AReplyWithANumberThatIsNoErrorIsMalformed) {
  EXPECT_EQ(parse(QueueMessage::reply(-1, 0x0301, 0)).kind, MessageKind::malformed);
  EXPECT_EQ(parse(QueueMessage::reply(4096, 0x0301, 0)).kind, MessageKind::malformed);
  EXPECT_EQ(parse(QueueMessage::reply(4095, 0x0301, 0)).kind, MessageKind::reply);
}

TEST(QueueMessage, AWakeMeansNothing) {
  Request buffer;
  EXPECT_EQ(parse(write_wake(buffer)).kind, MessageKind::nothing);
}

// In memory of its own size, so that the sanitizer sees who reads past its end.
Parsed parse_in_its_own_memory(Bytes datagram) {
  const auto copy = std::make_unique<std::uint8_t[]>(datagram.size());
  std::ranges::copy(datagram, copy.get());
  Parsed out = parse({copy.get(), datagram.size()});
  if (!out.packet.data.empty()) {
    EXPECT_GE(out.packet.data.data(), copy.get());
    EXPECT_LE(out.packet.data.data() + out.packet.data.size(), copy.get() + datagram.size());
  }
  out.packet.data = {};
  return out;
}

Buffer whole_packet() {
  return small_packet()
      .interfaces(1, 2)
      .mark(3)
      .sender(test::noise(6))
      .buffer_flags(1)
      .captured_length(30)
      .payload(test::noise(30))
      .datagram();
}

TEST(QueueMessage, ADatagramThatEndsTooEarlyIsReadAsFarAsItGoes) {
  const Buffer whole = whole_packet();
  constexpr std::size_t kIdIsThere = 16 + 4 + 4 + 7;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Parsed cut = parse_in_its_own_memory(Bytes(whole).first(size));
    EXPECT_EQ(cut.kind, size < kIdIsThere ? MessageKind::malformed : MessageKind::packet) << size;
    EXPECT_EQ(cut.packet.id, size < kIdIsThere ? 0u : 9u) << size;
  }
}

TEST(QueueMessage, EveryByteMayBeAnother) {
  for (const Buffer& whole : {whole_packet(), QueueMessage::reply(ENOENT, 0x0301, 0)}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        Buffer damaged = whole;
        damaged[at] ^= static_cast<std::uint8_t>(flip);
        parse_in_its_own_memory(damaged);
      }
    }
  }
}

// Literals: what the kernel's headers define, byte for byte.
Buffer header(std::uint8_t size, std::uint8_t kind, std::uint8_t flags, std::uint8_t sequence) {
  return {size, 0, 0, 0, kind, 3, flags, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
}

Buffer verdict(const Answer& answer, std::uint32_t old_mark) {
  Buffer buffer(kMaxVerdict);
  buffer.resize(write_verdict(kQueue, 0x0a0b0c0d, old_mark, answer, buffer));
  return buffer;
}

TEST(Verdict, WithoutAMarkIsOneAttribute) {
  const Buffer accept{12, 0, 2, 0, 0, 0, 0, 1, 0x0a, 0x0b, 0x0c, 0x0d};
  EXPECT_EQ(verdict({.ruling = Ruling::accept}, 5), test::join({header(32, 1, 1, 0), accept}));
  const Buffer drop{12, 0, 2, 0, 0, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d};
  EXPECT_EQ(verdict({.ruling = Ruling::drop}, 5), test::join({header(32, 1, 1, 0), drop}));
}

TEST(Verdict, AMarkTakesTheBitsOfItsMaskAndLeavesTheOthers) {
  const Buffer accept{12, 0, 2, 0, 0, 0, 0, 1, 0x0a, 0x0b, 0x0c, 0x0d};
  const Buffer mark{8, 0, 3, 0, 0x02, 0x22, 0x33, 0x44};
  EXPECT_EQ(verdict({.mark = 0x02ffffff, .mark_mask = 0xff000000}, 0x11223344),
            test::join({header(40, 1, 1, 0), accept, mark}));
}

TEST(Verdict, AMarkThatIsThereAlreadyIsNotWritten) {
  EXPECT_EQ(verdict({.mark = 0x11000000, .mark_mask = 0xff000000}, 0x11223344).size(), kMaxVerdict - 8);
  EXPECT_EQ(verdict({.mark = 0x99}, 0x11223344).size(), kMaxVerdict - 8);
}

TEST(Configuration, TakesTheQueueAndSetsAllInOneMessage) {
  Request buffer;
  const Bytes request = write_configuration(
      {.queue = kQueue, .max_length = 0x2000, .copy_range = 0xffff, .flags = kFailOpenFlag | kGsoFlag}, 5, buffer);
  const Buffer command{8, 0, 1, 0, 1, 0, 0, 0};
  const Buffer copying{9, 0, 2, 0, 0, 0, 0xff, 0xff, 2, 0, 0, 0};
  const Buffer length{8, 0, 3, 0, 0, 0, 0x20, 0};
  const Buffer flags{8, 0, 4, 0, 0, 0, 0, 5, 8, 0, 5, 0, 0, 0, 0, 5};
  EXPECT_EQ(Buffer(request.begin(), request.end()), test::join({header(64, 2, 5, 5), command, copying, length, flags}));
}

TEST(Configuration, WithoutFlagsSaysNothingOfThem) {
  Request buffer;
  EXPECT_EQ(write_configuration({.queue = kQueue, .max_length = 1, .copy_range = 1}, 5, buffer).size(), 64u - 16);
}

TEST(Configuration, TheQuestionForThePrivilegeTouchesNoQueue) {
  Request buffer;
  const Bytes request = write_privilege_question(6, buffer);
  EXPECT_EQ(Buffer(request.begin(), request.end()),
            (Buffer{28, 0, 0, 0, 2, 3, 5, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 1, 0, 3, 0, 0, 0}));
}

}  // namespace
}  // namespace netscope::nfq
