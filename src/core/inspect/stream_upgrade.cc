// Hellos that may begin anywhere in what a client says.
#include <algorithm>

#include "core/inspect/describe.h"
#include "core/inspect/stream_reader.h"

namespace netscope {

// What a client says around STARTTLS and the like. Where its messages end is its protocol's business, and the server
// may see it otherwise than we do; so a hello may begin at any byte, within what looks like another one as well, and
// none ends the search: it may be a word that the server refuses.
StreamReader::Step StreamReader::upgrade(Sighting& sighting) {
  const Bytes view = bytes();
  const std::uint32_t begin = place().position;
  HelloSearch& search = stream_->search;
  search.go_on(begin, view.size());
  while (followed_ < search.beginnings.size()) {
    if (follow_beginning(search.beginnings[followed_], view.subspan(search.beginnings[followed_].at - begin),
                         sighting)) {
      return Step::sighting;
    }
  }
  while (search.to - begin < view.size() && search.work <= kMaxSearchWork) {
    const std::size_t searched = search.to - begin;
    const std::size_t at = searched + tls::find_handshake_record(view.subspan(searched));
    search.to = begin + static_cast<std::uint32_t>(std::min(at + 1, view.size()));
    if (at == view.size()) break;
    search.work += view.size() - at;
    if (search.beginnings.size() == kMaxBeginningsOfHellos) return lose();
    followed_ = search.beginnings.size();
    HelloSearch::Beginning& beginning =
        search.beginnings.emplace_back(HelloSearch::Beginning{.at = begin + static_cast<std::uint32_t>(at)});
    if (follow_beginning(beginning, view.subspan(at), sighting)) return Step::sighting;
  }
  if (search.work > kMaxSearchWork) return lose();
  const std::size_t settled = search.beginnings.empty() ? view.size() : search.beginnings.front().at - begin;
  stream_->searched += static_cast<std::uint32_t>(settled);
  if (stream_->searched >= kMaxSearched) stream_->mode = StreamMode::done;
  consume_later(settled);
  return Step::wait;
}

// Reads what begins there where it may tell something. It leaves the list when there is no more to tell.
bool StreamReader::follow_beginning(HelloSearch::Beginning& beginning, Bytes bytes, Sighting& sighting) {
  constexpr std::size_t kFollowing = 2;  // what it costs, in bytes that are read
  HelloSearch& search = stream_->search;
  search.work += kFollowing;
  ++followed_;
  if (!beginning.progress.follow_records(bytes)) return false;
  const auto hello = tls::parse_records(bytes, *scratch_);
  if (hello.ok()) describe(*hello, sighting);
  const bool goes_on = hello.status == ParseStatus::need_more || (hello.ok() && !hello->complete);
  if (goes_on && !beginning.progress.ended()) return hello.ok();
  if (hello.status == ParseStatus::need_more) {
    beginning.progress = {};
    return false;
  }
  search.beginnings.erase(search.beginnings.begin() + (&beginning - search.beginnings.data()));
  --followed_;
  return hello.ok();
}

}  // namespace netscope
