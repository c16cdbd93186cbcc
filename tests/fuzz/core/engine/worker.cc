#include <cstdlib>

#include "support/small_gateway.h"

// A capture through the whole core: each packet comes out with one verdict.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const netscope::test::SmallGateway::Count count = netscope::test::SmallGateway().judge({data, size});
  if (count.packets != count.verdicts || count.open_flows_left != 0) std::abort();
  return 0;
}
