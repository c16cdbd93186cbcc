// A gateway's flow as JSON: any text is an error or a row.
#include "netscope/view/eve_row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  netscope::FlowRow row;
  netscope::Texts texts;
  static_cast<void>(
      netscope::fill_from_json(row, netscope::as_text({data, size}), netscope::Catalogue::built_in(), texts));
  return 0;
}
