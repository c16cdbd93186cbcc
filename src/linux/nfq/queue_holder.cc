#include "linux/nfq/queue_holder.h"

#include <fcntl.h>
#include <linux/netlink.h>

#include <filesystem>
#include <system_error>

#include "linux/nfq/proc_table.h"
#include "linux/nfq/queue_counters.h"
#include "linux/os/descriptor.h"

namespace netscope::nfq {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> text_of(const std::string& path) {
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) return std::nullopt;
  auto text = read_table(file.get(), path);
  if (!text) return std::nullopt;
  return std::move(*text);
}

std::optional<std::uint32_t> port_of(std::uint16_t queue) {
  const auto file = QueueCountersFile::open();
  if (!file) return std::nullopt;
  const auto queues = file->read();
  if (!queues) return std::nullopt;
  for (const QueueCounters& counters : *queues) {
    if (counters.number == queue) return counters.port;
  }
  return std::nullopt;
}

bool has_open(const fs::path& process, const std::string& target) {
  std::error_code error;
  fs::directory_iterator file(process / "fd", error);
  for (; !error && file != fs::directory_iterator(); file.increment(error)) {
    std::error_code gone;
    if (fs::read_symlink(*file, gone) == target) return true;
  }
  return false;
}

// The process id of who has this socket open, as text.
std::optional<std::string> owner_of(std::uint32_t inode) {
  const std::string target = "socket:[" + std::to_string(inode) + "]";
  std::error_code error;
  fs::directory_iterator process("/proc", error);
  for (; !error && process != fs::directory_iterator(); process.increment(error)) {
    std::string name = process->path().filename().string();
    if (to_number(name) && has_open(process->path(), target)) return name;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> find_socket_inode(std::string_view netlink_table, std::uint32_t port) {
  while (auto line = next_line(netlink_table)) {
    next_word(*line);  // the socket's address
    const auto protocol = to_number(next_word(*line));
    const auto its_port = to_number(next_word(*line));
    for (int column = 3; column < 9; ++column) next_word(*line);
    if (protocol == NETLINK_NETFILTER && its_port == port) return to_number(next_word(*line));
  }
  return std::nullopt;
}

std::string describe_holder(std::uint16_t queue) {
  const auto port = port_of(queue);
  if (!port) return "another program";
  std::string unknown = "the program with netlink port " + std::to_string(*port);
  const auto sockets = text_of("/proc/thread-self/net/netlink");
  const auto inode = sockets ? find_socket_inode(*sockets, *port) : std::nullopt;
  const auto owner = inode ? owner_of(*inode) : std::nullopt;
  if (!owner) return unknown;
  auto name = text_of("/proc/" + *owner + "/comm").value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return "process " + *owner + (name.empty() ? "" : " (" + name + ")");
}

}  // namespace netscope::nfq
