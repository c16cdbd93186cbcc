#include "host_names.h"

#include <algorithm>
#include <string_view>

namespace netscope::bench {
namespace {

constexpr std::string_view kPopular[] = {
    "youtube.com",      "googlevideo.com", "netflix.com",   "nflxvideo.net",    "tiktok.com",      "tiktokcdn.com",
    "instagram.com",    "facebook.com",    "fbcdn.net",     "whatsapp.net",     "doubleclick.net", "google.com",
    "gstatic.com",      "googleapis.com",  "apple.com",     "icloud.com",       "microsoft.com",   "windowsupdate.com",
    "office.com",       "live.com",        "amazonaws.com", "cloudfront.net",   "amazon.com",      "akamaized.net",
    "fastly.net",       "cloudflare.com",  "github.com",    "githubassets.com", "spotify.com",     "scdn.co",
    "twitch.tv",        "ttvnw.net",       "discord.com",   "discord.gg",       "roblox.com",      "rbxcdn.com",
    "snapchat.com",     "x.com",           "twimg.com",     "reddit.com",       "redd.it",         "wikipedia.org",
    "steampowered.com", "telegram.org",    "zoom.us",       "signal.org",       "debian.org",      "mozilla.org"};

constexpr std::string_view kHosts[] = {"www", "api",   "cdn",    "static", "img",  "video", "login", "edge",
                                       "ads", "stats", "assets", "media",  "push", "sync",  "m",     "events"};

constexpr std::size_t kSynthetic = 4000;

std::string synthetic_name(Random& random) {
  constexpr std::string_view kSyllables[] = {"no",  "ra", "vel", "mi", "tor", "ka",
                                             "sen", "lu", "pix", "do", "gra", "ben"};
  constexpr std::string_view kEnds[] = {"com", "net", "org", "io", "de", "co.uk", "app", "tv"};
  std::string name(kHosts[random.below(std::size(kHosts))]);
  name += '.';
  const std::uint64_t syllables = 2 + random.below(3);
  for (std::uint64_t i = 0; i < syllables; ++i) name += kSyllables[random.below(std::size(kSyllables))];
  name += '.';
  name += kEnds[random.below(std::size(kEnds))];
  return name;
}

}  // namespace

HostNames::HostNames() {
  Random random(1);
  for (const std::string_view host : kHosts) {
    for (const std::string_view domain : kPopular) names_.push_back(std::string(host) + "." + std::string(domain));
  }
  for (std::size_t i = 0; i < kSynthetic; ++i) names_.push_back(synthetic_name(random));
  double sum = 0;
  for (std::size_t rank = 0; rank < names_.size(); ++rank)
    cumulative_.push_back(sum += 1.0 / static_cast<double>(rank + 1));
}

std::size_t HostNames::draw(Random& random) const {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), random.unit() * cumulative_.back());
  return std::min(static_cast<std::size_t>(found - cumulative_.begin()), names_.size() - 1);
}

}  // namespace netscope::bench
