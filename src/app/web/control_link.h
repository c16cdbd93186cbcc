// The web process's only way to the gateway: questions over the control socket, answered in their order.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "linux/os/descriptor.h"

namespace netscope {

// Questions that may wait for an answer; more are refused.
inline constexpr std::size_t kMaxOpenQuestions = 256;

class ControlLink {
 public:
  struct Reply {
    int status = 503;
    std::string etag;
    std::string body;  // JSON as it came
  };
  using Then = std::function<void(Reply)>;

  explicit ControlLink(std::string path) : path_(std::move(path)) {}

  // One line without its end. `then` is called by serve(), or at once when the gateway cannot be reached.
  void ask(std::string_view line, Then then);
  // To be waited for, and with which events (poll(2)); -1: not connected.
  int file() const { return file_.get(); }
  short wanted_events() const;
  void serve();

 private:
  bool connect();
  void send_some();
  void lost();
  static Reply parse(std::string_view line);

  std::string path_;
  os::Descriptor file_;
  std::string unsent_, received_;
  std::size_t searched_ = 0;  // of received_, without a line end
  std::deque<Then> waiting_;
};

}  // namespace netscope
