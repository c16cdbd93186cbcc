#include "linux/os/descriptor.h"

#include <unistd.h>

namespace netscope::nfq {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace netscope::nfq
