// HTTP/2 behind its preface: whatever follows is waited for, refused, or a request whose views lie in the reader.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/dpi/http2.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  std::vector<std::uint8_t> stream(http2::kPreface.begin(), http2::kPreface.end());
  stream.insert(stream.end(), data, data + size);
  http2::RequestReader reader, again;
  for (std::size_t index = 0; index < http2::kMaxBlocks; ++index) {
    const auto request = reader.read(stream, index);
    if (request.status == ParseStatus::no_match) std::abort();
    if (!request.ok()) break;
    // A longer prefix, or another reader, tells the same.
    const auto same = again.read(stream, index);
    if (!same.ok() || same->authority != request->authority || same->path != request->path) std::abort();
    if (request->authority.size() > 2 * size || request->path.size() > 2 * size + 16) std::abort();
  }
  return 0;
}
