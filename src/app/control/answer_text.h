// A gateway's answers as lines for a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace netscope {

// What `--ctl VERB` prints for the body of a gateway's answer; it may lack any member, or hold what it should not.
std::string answer_text(std::string_view verb, const nlohmann::json& body);

// Why a gateway refused, from the body of an answer that is an error: the lines that show where a rule file is wrong if
// it has any, else the message.
std::string refusal_text(const nlohmann::json& body);

}  // namespace netscope
