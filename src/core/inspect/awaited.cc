#include "core/inspect/awaited.h"

namespace netscope {

bool Awaited::worth_reading(ReadingPlace place, Bytes bytes) {
  if (message_ == Message::any) return true;
  if (place != place_ || bytes.size() < size_) {
    message_ = Message::any;
    return true;
  }
  return follow(bytes);
}

bool Awaited::follow(Bytes bytes) {
  size_ = static_cast<std::uint32_t>(bytes.size());
  switch (message_) {
    case Message::any: return true;
    case Message::hello: return hello_.follow_records(bytes.subspan(at_));
    case Message::head: return head_.follow(bytes.subspan(at_));
    case Message::none: return false;
  }
  return true;
}

// False where that has been followed already.
bool Awaited::begin(Message message, ReadingPlace place, Bytes bytes, std::size_t at) {
  if (message_ == message && place_ == place && at_ == at && size_ == bytes.size()) return false;
  message_ = message;
  place_ = place;
  at_ = static_cast<std::uint32_t>(at);
  size_ = static_cast<std::uint32_t>(bytes.size());
  return true;
}

// A parser that waits behind the end of what is followed has the last word.
void Awaited::hello(ReadingPlace place, Bytes bytes, Told told) {
  if (begin(Message::hello, place, bytes, 0)) {
    hello_ = {};
    follow(bytes);
  }
  if (hello_.ended() && told == Told::nothing) message_ = Message::any;
}

void Awaited::head(ReadingPlace place, Bytes bytes, Told told) {
  if (begin(Message::head, place, bytes, 0)) {
    head_ = {};
    follow(bytes);
  }
  if (head_.ended() && told == Told::nothing) message_ = Message::any;
}

void Awaited::trailer(ReadingPlace place, Bytes bytes, std::size_t begin_of_it) {
  if (begin(Message::head, place, bytes, begin_of_it)) {
    head_ = http::HeadProgress::of_fields();
    follow(bytes);
  }
  if (head_.ended()) message_ = Message::any;
}

}  // namespace netscope
