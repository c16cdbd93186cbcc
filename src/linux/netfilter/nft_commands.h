// The nft program's library: commands in nft's own language, in this process.
#pragma once

#include <memory>
#include <string>

#include "netscope/base/result.h"

struct nft_ctx;

namespace netscope::netfilter {

class NftCommands {
 public:
  enum class Mode : bool { carry_out, check_only };

  static Result<NftCommands> open();
  // All of the commands or none; what they print. Errors are nft's own words, their first line.
  Result<std::string> run(const std::string& commands, Mode mode = Mode::carry_out) const;

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };
  explicit NftCommands(nft_ctx* context) : context_(context) {}

  std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace netscope::netfilter
