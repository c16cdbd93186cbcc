#include <cstdlib>

#include "core/dpi/http.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  const auto request = http::parse_request({data, size});
  if (request.ok() && request->request.head_length > size) std::abort();
  if (request.ok() && request->request.effective_host().size() > size) std::abort();
  const http::ChunkSkip chunks = http::skip_chunks({data, size});
  if (chunks.status == ParseStatus::ok && chunks.skip > size) std::abort();
  if (http::parse_status_line({data, size}) == ParseStatus::malformed) std::abort();
  return 0;
}
