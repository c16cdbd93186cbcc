// How the module's memory grows. The C library asks for 64 KiB at a time; each growth makes the browser replace its
// view of all memory and lets its collector run, which took a third of the time of a large capture.

#include <cstddef>
#include <cstdint>
#include <limits>

namespace {

constexpr std::size_t kPage = 64 * 1024;  // WebAssembly core specification, 4.2.8
constexpr std::size_t kStep = 256;        // pages: 16 MiB

std::uintptr_t end_of_memory() {
  return __builtin_wasm_memory_size(0) * kPage;
}

bool grow(std::size_t pages) {
  return __builtin_wasm_memory_grow(0, pages) != std::numeric_limits<std::size_t>::max();
}

}  // namespace

// As sbrk(2): the old end of the heap, or -1 where no memory is left. Stands in for the C library's.
extern "C" void* sbrk(std::intptr_t increment) {
  static std::uintptr_t heap_end = end_of_memory();
  void* const none = reinterpret_cast<void*>(std::intptr_t{-1});
  if (increment < 0) return none;
  const std::uintptr_t old = heap_end;
  const auto wanted = static_cast<std::uintptr_t>(increment);
  const std::size_t room = end_of_memory() - old;
  if (wanted > room) {
    const std::size_t missing = (wanted - room + kPage - 1) / kPage;
    if (!(missing < kStep && grow(kStep)) && !grow(missing)) return none;
  }
  heap_end = old + wanted;
  return reinterpret_cast<void*>(old);
}
