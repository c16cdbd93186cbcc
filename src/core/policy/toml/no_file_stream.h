// The TOML library compiles a function that reads files, which we do not call. WebAssembly's standard library declares
// std::ifstream without defining it; there, this definition, which opens nothing, lets that function compile.
#pragma once

#include <fstream>
#include <istream>

#ifdef _LIBCPP_HAS_NO_FILESYSTEM
template <>
class std::basic_ifstream<char> : public std::istream {
 public:
  basic_ifstream() : std::istream(nullptr) {}
  template <class... Arguments>
  void open(const Arguments&...) {}
  bool is_open() const { return false; }
  void close() {}
};
#endif
