#include "linux/os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "linux/os/descriptor.h"

namespace netscope::os {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{16} << 20;

struct Pipe {
  Descriptor from, to;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(Error{"pipe: " + std::string(std::strerror(errno))});
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Takes what is there; false at the end.
bool read_some(const Descriptor& file, std::string& out) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count > 0 && out.size() < kMaxOutput) out.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

// Feeds and listens at once, so that neither side waits for the other.
void converse(Pipe& input, std::string_view text, Pipe& output, Pipe& errors, std::string& out,
              std::string& complaint) {
  ::fcntl(input.to.get(), F_SETFL, O_NONBLOCK);
  if (text.empty()) input.to = Descriptor();
  for (;;) {
    std::array<pollfd, 3> files{{{.fd = output.from.get(), .events = POLLIN, .revents = 0},
                                 {.fd = errors.from.get(), .events = POLLIN, .revents = 0},
                                 {.fd = input.to.get(), .events = POLLOUT, .revents = 0}}};
    if (files[0].fd < 0 && files[1].fd < 0) return;
    if (::poll(files.data(), files.size(), -1) < 0 && errno != EINTR) return;
    if (files[0].revents != 0 && !read_some(output.from, out)) output.from = Descriptor();
    if (files[1].revents != 0 && !read_some(errors.from, complaint)) errors.from = Descriptor();
    if (files[2].revents == 0) continue;
    const ssize_t written = ::write(input.to.get(), text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    if (text.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) input.to = Descriptor();
  }
}

}  // namespace

Result<std::string> run_program(const std::vector<std::string>& arguments, std::string_view input) {
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  auto to_child = make_pipe(), from_child = make_pipe(), errors = make_pipe();
  for (const auto* pipe : {&to_child, &from_child, &errors}) {
    if (!*pipe) return std::unexpected(pipe->error());
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to_child->from.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from_child->to.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors->to.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  ::sigemptyset(&none);
  ::sigemptyset(&usual);
  ::sigaddset(&usual, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, pointers[0], &actions, &attributes, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return std::unexpected(Error{words[0] + " cannot be run: " + std::strerror(error)});
  to_child->from = Descriptor();
  from_child->to = Descriptor();
  errors->to = Descriptor();
  std::string out, complaint;
  converse(*to_child, input, *from_child, *errors, out, complaint);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out;
  while (complaint.ends_with('\n')) complaint.pop_back();
  return std::unexpected(Error{words[0] + ": " + (complaint.empty() ? "failed without a word" : complaint)});
}

}  // namespace netscope::os
