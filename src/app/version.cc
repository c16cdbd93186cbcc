#include "app/version.h"

namespace netscope {

std::string_view version() {
  return NETSCOPE_VERSION;
}
std::string_view commit() {
  return NETSCOPE_COMMIT;
}

}  // namespace netscope
