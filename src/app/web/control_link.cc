#include "app/web/control_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace netscope {

bool ControlLink::connect() {
  if (file_.get() >= 0) return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(&address.sun_path[0], sizeof address.sun_path - 1);
  os::Descriptor file(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(file.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  file_ = std::move(file);
  return true;
}

void ControlLink::ask(std::string_view line, Then then) {
  if (waiting_.size() >= kMaxOpenQuestions || !connect()) return then({});
  waiting_.push_back(std::move(then));
  unsent_ += line;
  unsent_ += '\n';
  send_some();
}

short ControlLink::wanted_events() const {
  return static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
}

void ControlLink::send_some() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(file_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0) return;  // a loss shows when reading
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
}

void ControlLink::serve() {
  if (file_.get() < 0) return;
  send_some();
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::recv(file_.get(), piece.data(), piece.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return lost();
    if (count < 0) return;
    received_.append(piece.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = received_.find('\n', searched_)) != std::string::npos;) {
      if (waiting_.empty()) return lost();  // an answer to nothing
      const Then then = std::move(waiting_.front());
      waiting_.pop_front();
      then(parse(std::string_view(received_).substr(0, end)));
      received_.erase(0, end + 1);
      searched_ = 0;
    }
    searched_ = received_.size();
  }
}

void ControlLink::lost() {
  file_ = os::Descriptor();
  unsent_.clear();
  received_.clear();
  searched_ = 0;
  for (const Then& then : std::exchange(waiting_, {})) then({});
}

// {"status":200,"etag":"\"0123\"","body":...}: the body is passed on as it is.
ControlLink::Reply ControlLink::parse(std::string_view line) {
  constexpr std::string_view kStatus = "{\"status\":", kBody = ",\"body\":", kTag = ",\"etag\":\"\\\"";
  const auto body = line.find(kBody);
  if (!line.starts_with(kStatus) || body == std::string_view::npos || !line.ends_with('}')) return {};
  Reply reply;
  const std::string_view head = line.substr(0, body);
  std::from_chars(head.data() + kStatus.size(), head.data() + head.size(), reply.status);
  if (const auto tag = head.find(kTag); tag != std::string_view::npos) {
    const std::string_view rest = head.substr(tag + kTag.size());
    reply.etag = '"' + std::string(rest.substr(0, rest.find('\\'))) + '"';
  }
  reply.body = line.substr(body + kBody.size(), line.size() - body - kBody.size() - 1);
  return reply;
}

}  // namespace netscope
