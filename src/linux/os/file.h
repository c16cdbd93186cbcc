// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace netscope::nft {

class File {
 public:
  File() = default;
  explicit File(int number) : number_(number) {}  // takes ownership; -1: none
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  ~File() { close(); }
  int get() const { return number_; }

 private:
  void close() const {
    if (number_ >= 0) ::close(number_);
  }
  int number_ = -1;
};

}  // namespace netscope::nft
