// Files, pipes and standard streams, with errors that name them.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netscope/base/bytes.h"
#include "netscope/base/result.h"

namespace netscope {

// Owns a file descriptor; standard streams are borrowed.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  FileDescriptor(int number, bool owned) : number_(number), owned_(owned) {}
  FileDescriptor(FileDescriptor&& other) noexcept { *this = std::move(other); }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return number_; }
  // What close(2) answers: errors of delayed writes. 0 for borrowed ones.
  int close();

 private:
  int number_ = -1;
  bool owned_ = false;
};

class InputFile {
 public:
  static Result<InputFile> open(const std::string& name);  // "-": standard input

  // Fills `buffer` unless the input ends before; the number of bytes read.
  Result<std::size_t> read(std::span<std::uint8_t> buffer);
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }  // 0 for what has none
  bool regular() const { return S_ISREG(status_.st_mode); }
  const struct stat& status() const { return status_; }

 private:
  FileDescriptor file_;
  std::string name_;
  std::uint64_t size_ = 0;
  struct stat status_{};
};

// Asks the kernel for large pages behind a large table, whose look-ups would miss the TLB otherwise.
void prefer_huge_pages(Bytes memory);

// A whole file of at most `limit` bytes as text.
Result<std::string> read_text_file(const std::string& name, std::size_t limit);

// A file that grows by whole pieces: when a piece cannot be written it is taken back, so that what stays is
// well-formed.
class OutputFile {
 public:
  // "-": standard output. Fails when the file is the same as `input`, through whatever link, before anything is lost.
  static Result<OutputFile> create(const std::string& name, const InputFile* input);

  // A regular file or a new one, written at its end.
  static Result<OutputFile> append(const std::string& name);
  // What standard output calls itself in errors and in name().
  static std::string_view standard_name();

  // All or nothing, where the file can be cut; the error says what stopped it.
  Result<void> write(std::span<const Bytes> stretches);
  Result<void> write(Bytes bytes) { return write(std::span(&bytes, 1)); }
  Result<void> close();

  const std::string& name() const { return name_; }
  std::uint64_t written() const { return written_; }

 private:
  FileDescriptor file_;
  std::string name_;
  std::uint64_t written_ = 0;
  bool regular_ = false;
};

// Writes a whole file by way of a temporary one beside it, so that readers see the old or the new one. "-": standard
// output.
Result<void> replace_file(const std::string& name, std::string_view contents);

}  // namespace netscope
