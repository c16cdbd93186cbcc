#include "app/output/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace netscope {
namespace {

// Stretches handed to the kernel at once; IOV_MAX is 1024 on Linux.
constexpr std::size_t kVectors = 512;

std::unexpected<Error> errno_failure(const std::string& name, const std::string& what, int code) {
  std::string remedy;
  if (code == ENOSPC || code == EDQUOT) remedy = "; free some space or choose another place";
  if (code == EPIPE) remedy = "; the program that reads it has ended";
  if (code == ENOENT) remedy = "; check the path";
  if (code == EACCES || code == EPERM) remedy = "; check the permissions";
  return failure(name + ": " + what + ": " + std::strerror(code) + remedy);
}

const std::string kStandardInput = "standard input", kStandardOutput = "standard output";

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  std::swap(owned_, other.owned_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  close();
}

int FileDescriptor::close() {
  const int number = std::exchange(number_, -1);
  return owned_ && number >= 0 ? ::close(number) : 0;
}

Result<InputFile> InputFile::open(const std::string& name) {
  InputFile input;
  const bool standard = name == "-";
  input.name_ = standard ? kStandardInput : name;
  input.file_ =
      standard ? FileDescriptor(STDIN_FILENO, false) : FileDescriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC), true);
  if (input.file_.get() < 0) return errno_failure(input.name_, "cannot be opened", errno);
  if (::fstat(input.file_.get(), &input.status_) != 0) return errno_failure(input.name_, "cannot be read", errno);
  if (S_ISDIR(input.status_.st_mode)) return failure(input.name_ + ": is a directory; name a file");
  if (S_ISREG(input.status_.st_mode)) {
    input.size_ = static_cast<std::uint64_t>(input.status_.st_size);
    ::posix_fadvise(input.file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return input;
}

Result<std::size_t> InputFile::read(std::span<std::uint8_t> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = ::read(file_.get(), buffer.data() + filled, buffer.size() - filled);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_failure(name_, "cannot be read", errno);
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

void prefer_huge_pages(Bytes memory) {
  // Whole ones only: the kernel clears a huge page at its first touch, and most of the last one might stay unused.
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data()) & ~(kHugePage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(memory.data()) + memory.size()) & ~(kHugePage - 1);
  if (begin < end) static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
}

Result<std::string> read_text_file(const std::string& name, std::size_t limit) {
  auto input = InputFile::open(name);
  if (!input) return std::unexpected(input.error());
  std::string text;
  std::array<std::uint8_t, 65536> piece;
  for (;;) {
    const auto count = input->read(piece);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return text;
    text += as_text(Bytes{piece}.first(*count));
    if (text.size() > limit) return failure(name + ": is larger than " + std::to_string(limit >> 20) + " MiB");
  }
}

Result<OutputFile> OutputFile::create(const std::string& name, const InputFile* input) {
  OutputFile output;
  const bool standard = name == "-";
  output.name_ = standard ? kStandardOutput : name;
  output.file_ = standard ? FileDescriptor(STDOUT_FILENO, false)
                          : FileDescriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666), true);
  if (output.file_.get() < 0) return errno_failure(output.name_, "cannot be written", errno);
  struct stat status{};
  if (::fstat(output.file_.get(), &status) != 0) return errno_failure(output.name_, "cannot be written", errno);
  output.regular_ = S_ISREG(status.st_mode) && !standard;
  if (input != nullptr && S_ISREG(status.st_mode) && status.st_dev == input->status().st_dev &&
      status.st_ino == input->status().st_ino) {
    return failure(output.name_ + ": is the input " + input->name() + " itself; choose another output");
  }
  if (output.regular_ && ::ftruncate(output.file_.get(), 0) != 0)
    return errno_failure(output.name_, "cannot be written", errno);
  return output;
}

Result<OutputFile> OutputFile::append(const std::string& name) {
  OutputFile output;
  output.name_ = name;
  output.file_ = FileDescriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), true);
  struct stat status{};
  if (output.file_.get() < 0 || ::fstat(output.file_.get(), &status) != 0) {
    return errno_failure(output.name_, "cannot be written", errno);
  }
  output.regular_ = S_ISREG(status.st_mode);
  output.written_ = output.regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  return output;
}

std::string_view OutputFile::standard_name() {
  return kStandardOutput;
}

Result<void> OutputFile::write(std::span<const Bytes> stretches) {
  std::uint64_t total = 0;
  std::array<iovec, kVectors> vectors;
  for (std::size_t first = 0; first < stretches.size(); first += kVectors) {
    const std::size_t count = std::min(kVectors, stretches.size() - first);
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes stretch = stretches[first + i];
      vectors[i] = {const_cast<std::uint8_t*>(stretch.data()), stretch.size()};
      left += stretch.size();
    }
    total += left;
    iovec* next = vectors.data();
    while (left > 0) {
      const auto end = vectors.data() + count;
      const ssize_t written = ::writev(file_.get(), next, static_cast<int>(end - next));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const int code = errno;
        if (regular_ && ::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0) {
          return errno_failure(name_, "cannot be written, and ends within a record", code);
        }
        return errno_failure(name_, "cannot be written", code);
      }
      left -= static_cast<std::size_t>(written);
      auto done = static_cast<std::size_t>(written);
      for (; next != end && done >= next->iov_len; ++next) done -= next->iov_len;
      if (next != end && done > 0) *next = {static_cast<std::uint8_t*>(next->iov_base) + done, next->iov_len - done};
    }
  }
  written_ += total;
  return {};
}

Result<void> OutputFile::close() {
  if (file_.close() != 0) return errno_failure(name_, "cannot be written", errno);
  return {};
}

Result<void> replace_file(const std::string& name, std::string_view contents) {
  // A device or a pipe is written to; a file with its name would take its place.
  struct stat status{};
  const bool in_place = name == "-" || (::stat(name.c_str(), &status) == 0 && !S_ISREG(status.st_mode));
  const std::string temporary = in_place ? name : name + ".new";
  auto file = OutputFile::create(temporary, nullptr);
  if (!file) return std::unexpected(file.error());
  if (auto written = file->write(as_bytes(contents)); !written) {
    if (!in_place) ::unlink(temporary.c_str());
    return written;
  }
  if (auto closed = file->close(); !closed) return closed;
  if (!in_place && ::rename(temporary.c_str(), name.c_str()) != 0)
    return errno_failure(name, "cannot be replaced", errno);
  return {};
}

}  // namespace netscope
