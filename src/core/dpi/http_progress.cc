#include "core/dpi/http_progress.h"

#include <algorithm>
#include <utility>

#include "core/dpi/http.h"
#include "core/dpi/http_text.h"

namespace netscope::http {
namespace {

// Host lines, and lines folded onto them, that are told each; of more, one whenever the head has grown by half. No
// client sends two.
constexpr std::uint8_t kToldHosts = 16;

}  // namespace

HeadProgress HeadProgress::of_fields() {
  HeadProgress progress;
  progress.part_ = Part::fields;
  return progress;
}

bool HeadProgress::ended() const {
  return read_ >= kMaxRequestHead;
}

bool HeadProgress::follow(Bytes stream) {
  const std::string_view text = as_text(stream.first(std::min(stream.size(), kMaxRequestHead)));
  bool worth = text.size() == kMaxRequestHead && read_ < kMaxRequestHead;
  while (read_ < text.size()) worth = step(text) || worth;
  if (host_is_pending_ && line_ < text.size() && !is_fold(text.substr(line_))) {
    host_is_pending_ = host_is_last_ = false;
    worth = tell_host() || worth;
  }
  return worth;
}

// To the end of the part under way, or of the text.
bool HeadProgress::step(std::string_view text) {
  const auto first = text.begin() + read_;
  const auto found = [&](auto end) {
    read_ = static_cast<std::uint32_t>(end - text.begin());
    return end != text.end();
  };
  switch (part_) {
    case Part::blank_lines:
      if (!found(std::find_if(first, text.end(), [](char c) { return c != '\r' && c != '\n'; }))) return false;
      part_ = Part::method;
      line_ = read_;
      return true;
    case Part::method:
      if (!found(std::find_if_not(first, text.end(), is_token))) return read_ - line_ > kMaxMethod;
      part_ = Part::line;
      return true;
    case Part::line: {
      if (!found(std::find_if(first, text.end(), [](char c) { return c == '\n' || is_control(c); }))) return false;
      const bool ends = text[read_++] == '\n';
      if (ends) part_ = Part::fields;
      if (ends) line_ = read_;
      return true;
    }
    case Part::fields: {
      if (!found(std::find(first, text.end(), '\n'))) return false;
      const std::string_view line = text.substr(line_, read_ - line_);
      line_ = ++read_;
      return line_ends(line);
    }
  }
  return true;
}

bool HeadProgress::line_ends(std::string_view line) {
  if (line.empty() || line == "\r") return true;
  const std::string_view text = trim(line);
  if (host_is_last_ && is_fold(line)) {
    host_is_pending_ = host_is_pending_ && (text.empty() || text.ends_with(':'));
    return !host_is_pending_ && !text.empty() && tell_host();
  }
  const bool pending_ends = std::exchange(host_is_pending_, false) && tell_host();
  const std::size_t colon = line.find(':');
  host_is_last_ = colon != line.npos && equal_ignoring_case(trim(line.substr(0, colon)), "Host");
  host_is_pending_ = host_is_last_ && text.ends_with(':');
  return (host_is_last_ && tell_host()) || pending_ends;
}

bool HeadProgress::tell_host() {
  if (hosts_ == kToldHosts && read_ < told_ + told_ / 2) return false;
  if (hosts_ < kToldHosts) ++hosts_;
  told_ = read_;
  return true;
}

}  // namespace netscope::http
