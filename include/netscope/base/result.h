// Errors of everything that is compiled before it is used: rules, catalogues, captures' headers.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace netscope {

// Where something went wrong and what to do about it, for a person. Lines and columns count from 1; 0 means "none".
struct Error {
  std::string message;  // what is wrong, with the offending text, and the remedy where there is one
  std::string file{};   // the file's name as the user wrote it; empty where there is none
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// "rules.toml:3:8: unknown application "YouTub"; did you mean "YouTube"?"
std::string to_string(const Error& error);

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(std::string message) {
  return std::unexpected(Error{.message = std::move(message)});
}

}  // namespace netscope
