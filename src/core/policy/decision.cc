#include "netscope/policy/decision.h"

namespace netscope {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::accept: return "accept";
    case Action::drop: return "drop";
    case Action::reject: return "reject";
  }
  return "accept";
}

}  // namespace netscope
