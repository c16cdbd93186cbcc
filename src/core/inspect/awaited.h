// What a stream waits for, followed so that it is read again only where that may tell more.
//
// Reading a prefix again from its beginning with each segment is what keeps parsers simple, and what a hostile client
// would make us pay for. Where one message has claimed the beginning, that message says when it is worth it; where
// several protocols are possible, each segment that adds something is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dpi/http_progress.h"
#include "core/dpi/tls_progress.h"
#include "core/inspect/stream_mode.h"
#include "netscope/base/bytes.h"

namespace netscope {

// What is read, and how: another place or another mode is another reading.
struct ReadingPlace {
  StreamMode mode = StreamMode::detect;
  std::uint32_t position = 0;  // sequence number of the first byte
  bool operator==(const ReadingPlace&) const = default;
};

class Awaited {
 public:
  // Whether the bytes that are there now may tell more than when they were last read.
  bool worth_reading(ReadingPlace place, Bytes bytes);

  // The bytes were read, and what begins there needs more: of a message that told its name, the end. What was followed
  // before is followed on.
  enum class Told : std::uint8_t { nothing, name };
  void hello(ReadingPlace place, Bytes bytes, Told told);
  void head(ReadingPlace place, Bytes bytes, Told told);
  void trailer(ReadingPlace place, Bytes bytes, std::size_t begin);
  // The bytes were read and may become anything, or nothing any more.
  void anything() { message_ = Message::any; }
  void nothing(ReadingPlace place, Bytes bytes) { begin(Message::none, place, bytes, 0); }
  // Whether a message has begun that has not ended.
  bool is_message() const { return message_ == Message::hello || message_ == Message::head; }

 private:
  enum class Message : std::uint8_t { any, hello, head, none };

  bool begin(Message message, ReadingPlace place, Bytes bytes, std::size_t at);
  bool follow(Bytes bytes);

  Message message_ = Message::any;
  ReadingPlace place_{};
  std::uint32_t at_ = 0;    // where the message begins
  std::uint32_t size_ = 0;  // bytes that were there
  tls::HelloProgress hello_{};
  http::HeadProgress head_{};
};

}  // namespace netscope
