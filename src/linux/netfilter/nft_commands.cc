#include "linux/netfilter/nft_commands.h"

#include <nftables/libnftables.h>

namespace netscope::netfilter {

void NftCommands::Free::operator()(nft_ctx* context) const {
  nft_ctx_free(context);
}

Result<NftCommands> NftCommands::open() {
  nft_ctx* const context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return std::unexpected(Error{"nft: its library cannot be started"});
  NftCommands commands(context);
  nft_ctx_buffer_output(context);
  nft_ctx_buffer_error(context);
  return commands;
}

Result<std::string> NftCommands::run(const std::string& commands, Mode mode) const {
  nft_ctx_set_dry_run(context_.get(), mode == Mode::check_only);
  const int failed = nft_run_cmd_from_buffer(context_.get(), commands.c_str());
  std::string out = nft_ctx_get_output_buffer(context_.get());
  if (failed == 0) return out;
  std::string complaint = nft_ctx_get_error_buffer(context_.get());
  complaint = complaint.substr(0, complaint.find('\n'));
  return std::unexpected(Error{"nft: " + (complaint.empty() ? "failed without a word" : complaint)});
}

}  // namespace netscope::netfilter
