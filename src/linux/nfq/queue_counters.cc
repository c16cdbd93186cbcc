#include "linux/nfq/queue_counters.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include "linux/nfq/proc_table.h"

namespace netscope::nfq {
namespace {

// "thread-self": the calling thread may live in another network namespace than the first one of its process.
constexpr const char* kQueuesFile = "/proc/thread-self/net/netfilter/nfnetlink_queue";

// As nfnetlink_queue.c of the kernel prints them: number, port, depth, copy mode, copy range, drops of a full queue,
// drops of a full socket, last id, and a 1 that means nothing any more.
constexpr std::size_t kColumns = 9;

std::optional<QueueCounters> parse_line(std::string_view line) {
  std::array<std::uint32_t, kColumns> columns{};
  for (std::uint32_t& column : columns) {
    const auto number = to_number(next_word(line));
    if (!number) return std::nullopt;
    column = *number;
  }
  const auto [queue, port, depth, copy_mode, copy_range, full_drops, socket_drops, last_id, one] = columns;
  if (queue > std::numeric_limits<std::uint16_t>::max() || copy_mode > 2) return std::nullopt;
  return QueueCounters{.number = static_cast<std::uint16_t>(queue),
                       .port = port,
                       .depth = depth,
                       .copy_mode = static_cast<CopyMode>(copy_mode),
                       .copy_range = copy_range,
                       .full_drops = full_drops,
                       .socket_drops = socket_drops,
                       .last_id = last_id};
}

}  // namespace

Result<std::vector<QueueCounters>> parse_queue_counters(std::string_view text) {
  std::vector<QueueCounters> queues;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const auto line = next_line(text);
    const auto counters = line ? parse_line(*line) : std::nullopt;
    if (!counters) {
      return std::unexpected(Error{
          .message = "is no line of queue counters as this program knows them", .file = kQueuesFile, .line = number});
    }
    queues.push_back(*counters);
  }
  return queues;
}

Result<QueueCountersFile> QueueCountersFile::open() {
  os::Descriptor file{::open(kQueuesFile, O_RDONLY | O_CLOEXEC)};
  if (file.get() >= 0) return QueueCountersFile(std::move(file));
  const int code = errno;
  std::string remedy;
  if (code == ENOENT) remedy = "; load the kernel's module nfnetlink_queue";
  if (code == EACCES || code == EPERM) remedy = "; run as root";
  return failure(std::string(kQueuesFile) + " cannot be opened: " + std::strerror(code) + remedy);
}

Result<std::vector<QueueCounters>> QueueCountersFile::read() const {
  const auto text = read_table(file_.get(), kQueuesFile);
  if (!text) return std::unexpected(text.error());
  return parse_queue_counters(*text);
}

}  // namespace netscope::nfq
