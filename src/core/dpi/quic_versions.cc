#include "core/dpi/quic_versions.h"

#include <algorithm>

#include "core/dpi/quic.h"

namespace netscope::quic {
namespace {

// RFC 9001, section 5.2, and RFC 9369, section 3.3.1; the drafts' own sections 5.2 and 3.3.1; Google's and Facebook's
// by their public sources.
constexpr Salt kVersion1{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt kVersion2{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                         0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
constexpr Salt kDraft22{0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                        0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a};
constexpr Salt kDraft23{0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                        0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};
constexpr Salt kDraft29{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                        0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr Salt kVersion2Draft{0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d,
                              0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3};
constexpr Salt kQ050{0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
                     0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45};
constexpr Salt kT050{0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
                     0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10};
constexpr Salt kT051{0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
                     0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d};

// Of draft-ietf-quic-v2-01 and those behind it.
constexpr std::uint32_t kNumberOfVersion2Draft = 0x709a50c4;

constexpr VersionTraits kVersions[]{
    {0x00000001, Dialect::v1, &kVersion1, "1"},
    {0x6b3343cf, Dialect::v2, &kVersion2, "2"},
    {0xff000016, Dialect::v1, &kDraft22, "draft-22"},
    {0xff000017, Dialect::v1, &kDraft23, "draft-23"},
    {0xff000018, Dialect::v1, &kDraft23, "draft-24"},
    {0xff000019, Dialect::v1, &kDraft23, "draft-25"},
    {0xff00001a, Dialect::v1, &kDraft23, "draft-26"},
    {0xff00001b, Dialect::v1, &kDraft23, "draft-27"},
    {0xff00001c, Dialect::v1, &kDraft23, "draft-28"},
    {0xff00001d, Dialect::v1, &kDraft29, "draft-29"},
    {0xff00001e, Dialect::v1, &kDraft29, "draft-30"},
    {0xff00001f, Dialect::v1, &kDraft29, "draft-31"},
    {0xff000020, Dialect::v1, &kDraft29, "draft-32"},
    {0xff000021, Dialect::v1, &kVersion1, "draft-33"},
    {0xff000022, Dialect::v1, &kVersion1, "draft-34"},
    {0xfaceb001, Dialect::v1, &kDraft22, "mvfst-22"},
    {0xfaceb002, Dialect::v1, &kDraft23, "mvfst-27"},
    {0xfaceb00e, Dialect::v1, &kDraft23, "mvfst-exp"},
    {0xfaceb003, Dialect::v1, &kVersion1, "mvfst-1"},
    {0xfaceb004, Dialect::v1, &kVersion1, "mvfst-1"},
    {0xfacefeed, Dialect::v1, &kVersion1, "mvfst-priming"},
    {0xfaceb010, Dialect::v1, &kDraft23, "mvfst-alias"},
    {0xfaceb011, Dialect::v1, &kDraft23, "mvfst-exp2"},
    {0xfaceb012, Dialect::v1, &kDraft23, "mvfst-alias2"},
    {0xfaceb013, Dialect::v1, &kDraft23, "mvfst-exp3"},
    {0xfaceb014, Dialect::v1, &kDraft23, "mvfst-exp4"},
    {0xfaceb015, Dialect::v1, &kDraft23, "mvfst-exp5"},
    {kNumberOfVersion2Draft, Dialect::v2, &kVersion2Draft, "2-draft"},
    {0x51303530, Dialect::google, &kQ050, "Q050"},
    {0x54303530, Dialect::google, &kT050, "T050"},
    {0x54303531, Dialect::google, &kT051, "T051"},
};

// One version with each salt that TLS goes under. The last two are version 2's.
constexpr std::uint32_t kWithEachSalt[]{1, 0xff00001d, 0xff000017, 0xff000016, kNumberOfVersion2Draft, 0x6b3343cf};

struct GoogleName {
  std::uint32_t version;
  std::string_view name;
};
constexpr GoogleName kGoogleVersions[]{
    {0x51303234, "Q024"}, {0x51303235, "Q025"}, {0x51303330, "Q030"}, {0x51303333, "Q033"},
    {0x51303334, "Q034"}, {0x51303335, "Q035"}, {0x51303337, "Q037"}, {0x51303338, "Q038"},
    {0x51303339, "Q039"}, {0x51303433, "Q043"}, {0x51303434, "Q044"}, {0x51303436, "Q046"},
};

}  // namespace

const VersionTraits* find_version(std::uint32_t version) {
  const auto* found = std::ranges::find(kVersions, version, &VersionTraits::version);
  return found == std::end(kVersions) ? nullptr : found;
}

std::size_t known_versions() {
  return std::size(kVersions);
}

bool may_be_version(std::uint32_t version) {
  // RFC 9000, section 15: reserved, so that a server has to negotiate.
  const bool reserved = (version & 0x0f0f0f0f) == 0x0a0a0a0a;
  return version != 0 && !reserved &&
         std::ranges::find(kGoogleVersions, version, &GoogleName::version) == std::end(kGoogleVersions);
}

std::span<const std::uint32_t> versions_to_try(std::uint32_t version) {
  const std::span<const std::uint32_t> all(kWithEachSalt);
  if (version == kNumberOfVersion2Draft) return all.last(2);  // a draft's number may outlive its salt
  if (const VersionTraits* traits = find_version(version)) return {&traits->version, 1};
  return may_be_version(version) ? all : all.first(0);
}

std::string_view version_name(std::uint32_t version) {
  if (const VersionTraits* traits = find_version(version)) return traits->name;
  const auto* google = std::ranges::find(kGoogleVersions, version, &GoogleName::version);
  return google == std::end(kGoogleVersions) ? "unknown" : google->name;
}

}  // namespace netscope::quic
