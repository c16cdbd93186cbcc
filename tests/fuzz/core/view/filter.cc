// The filter language: any text is an error with a place inside it, or a filter that can be asked.
#include "netscope/view/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = netscope::as_text({data, size});
  netscope::Rows rows;
  netscope::complete_filter(text, size / 2, rows);
  const auto filter = netscope::Filter::parse(text);
  if (!filter) {
    if (filter.error().begin > filter.error().end || filter.error().end > size) __builtin_trap();
    return 0;
  }
  netscope::FilterMatcher(*filter, rows).matches(netscope::FlowRow{});
  return 0;
}
