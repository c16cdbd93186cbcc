#include "core/dpi/http2.h"

#include <algorithm>

namespace netscope::http2 {
namespace {

// Section 6.
constexpr std::uint8_t kHeaders = 1, kContinuation = 9;
constexpr std::uint8_t kEndHeaders = 0x04, kPadded = 0x08, kPriority = 0x20;

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  Bytes payload{};

  bool of_headers() const { return type == kHeaders || type == kContinuation; }
  bool ends_block() const { return of_headers() && (flags & kEndHeaders) != 0; }
};

// Section 4.1. False when no whole frame is left.
bool next_frame(Reader& in, Frame& frame) {
  const std::uint32_t size = in.u24();
  frame.type = in.u8();
  frame.flags = in.u8();
  in.u32();  // the stream that it belongs to
  frame.payload = in.take(size);
  return in.ok();
}

// What of a frame belongs to the header block (section 6.2). False when its padding is longer than itself.
bool fragment_of(const Frame& frame, Bytes& fragment) {
  Reader in = Reader::whole(frame.payload);
  std::size_t padding = 0;
  if (frame.type == kHeaders) {
    if ((frame.flags & kPadded) != 0) padding = in.u8();
    if ((frame.flags & kPriority) != 0) in.skip(5);
  }
  const Bytes rest = in.rest();
  if (!in.ok() || padding > rest.size()) return false;
  fragment = rest.first(rest.size() - padding);
  return true;
}

std::size_t whole_blocks(Reader frames) {
  std::size_t count = 0;
  for (Frame frame; next_frame(frames, frame);) count += frame.ends_block() ? 1 : 0;
  return count;
}

}  // namespace

std::size_t BlockCount::follow(Bytes stream) {
  if (read_ == 0) read_ = static_cast<std::uint32_t>(kPreface.size());
  if (stream.size() < read_) return blocks_;
  Reader frames = Reader::prefix(stream.subspan(read_));
  for (Frame frame; next_frame(frames, frame);) {
    blocks_ += frame.ends_block() ? 1 : 0;
    read_ = static_cast<std::uint32_t>(stream.size() - frames.arrived());
  }
  return blocks_;
}

Parsed<Request> RequestReader::read(Bytes stream, std::size_t index) {
  const std::string_view begin = as_text(stream).substr(0, kPreface.size());
  if (begin != kPreface.substr(0, begin.size())) return ParseStatus::no_match;
  if (begin.size() < kPreface.size()) return ParseStatus::need_more;
  Reader frames = Reader::prefix(stream.subspan(kPreface.size()));
  if (whole_blocks(frames) <= index) return ParseStatus::need_more;
  decoder_.begin();
  block_.clear();
  bool within_block = false;
  std::size_t blocks = 0;
  for (Frame frame; blocks <= index && next_frame(frames, frame);) {
    if (within_block != (frame.type == kContinuation)) return ParseStatus::malformed;
    if (!frame.of_headers()) continue;
    Bytes fragment;
    if (!fragment_of(frame, fragment)) return ParseStatus::malformed;
    block_.insert(block_.end(), fragment.begin(), fragment.end());
    within_block = !frame.ends_block();
    if (within_block) continue;
    if (!decoder_.decode(block_)) return ParseStatus::malformed;
    block_.clear();
    ++blocks;
  }
  constexpr std::string_view kDnsMessage = "application/dns-message";
  return Request{.method = decoder_.value(hpack::Name::method),
                 .path = decoder_.value(hpack::Name::path),
                 .authority = decoder_.value(hpack::Name::authority),
                 .host = decoder_.value(hpack::Name::host),
                 .user_agent = decoder_.value(hpack::Name::user_agent),
                 .dns_message = decoder_.value(hpack::Name::accept) == kDnsMessage ||
                                decoder_.value(hpack::Name::content_type) == kDnsMessage};
}

}  // namespace netscope::http2
