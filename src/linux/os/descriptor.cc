#include "linux/os/descriptor.h"

#include <unistd.h>

namespace netscope::os {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace netscope::os
