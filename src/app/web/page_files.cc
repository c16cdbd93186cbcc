// The files of the page, read once: the process that serves them opens none.

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "app/output/files.h"
#include "app/web/web_server.h"

namespace netscope {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string type_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  const auto found = std::ranges::find(kTypes, extension, [](const auto& type) { return type.first; });
  return std::string(found == kTypes.end() ? "application/octet-stream" : found->second);
}

}  // namespace

Result<PageFiles> load_page(const std::string& folder) {
  namespace fs = std::filesystem;
  PageFiles files;
  std::size_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    auto content = read_text_file(entry->path().string(), kMaxPageBytes);
    if (!content) return std::unexpected(content.error());
    total += content->size();
    if (total > kMaxPageBytes) return failure(folder + ": the page is larger than 32 MiB");
    files["/" + fs::relative(entry->path(), folder, error).generic_string()] = {.type = type_of(entry->path()),
                                                                                .content = std::move(*content)};
  }
  if (const auto index = files.find("/index.html"); index != files.end()) files["/"] = index->second;
  return files;
}

}  // namespace netscope
