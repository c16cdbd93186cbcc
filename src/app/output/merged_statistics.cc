#include "app/output/merged_statistics.h"

#include "app/output/files.h"
#include "app/output/stats_reader.h"

namespace netscope {

Result<std::string> merged_statistics(const std::vector<std::string>& files) {
  std::vector<StatsDocument> documents;
  for (const std::string& file : files) {
    const auto text = read_text_file(file, kMaxStatsFile);
    if (!text) return std::unexpected(text.error());
    auto document = parse_stats(*text);
    if (!document) {
      Error error = document.error();
      error.file = file == "-" ? "standard input" : file;
      return std::unexpected(std::move(error));
    }
    documents.push_back(std::move(*document));
  }
  return to_json(merge_stats(documents));
}

}  // namespace netscope
