#include <array>
#include <cstdlib>

#include "app/output/stats_reader.h"
#include "netscope/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  const auto document = parse_stats(as_text({data, size}));
  if (!document) return document.error().message.empty() ? std::abort(), 1 : 0;
  const std::array twice{*document, *document};
  const std::string sum = to_json(merge_stats(twice));
  if (sum.empty()) std::abort();
  return 0;
}
