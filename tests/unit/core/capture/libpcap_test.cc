// The second truth: libpcap reads the same files and must see the same packets.

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "support/capture_writer.h"
#include "support/payloads.h"
#include "support/project_file.h"
#include "unit/core/capture/read_capture.h"

namespace netscope::test {
namespace {

struct Reference {
  std::string error;  // why libpcap could not open it, or not read on
  std::vector<CapturedPacket> packets;
  std::vector<bool> sound_time;  // parallel: whether the fraction is one
};

Reference read_with_libpcap(const std::string& path) {
  Reference out;
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  using Handle = std::unique_ptr<pcap_t, decltype(&pcap_close)>;
  const Handle file(pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data()),
                    pcap_close);
  if (!file) return {.error = error.data(), .packets = {}, .sound_time = {}};
  const auto link = static_cast<LinkType>(pcap_datalink(file.get()));
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int status = 0;
  while ((status = pcap_next_ex(file.get(), &header, &data)) == 1) {
    const Time at{std::chrono::seconds{header->ts.tv_sec} + Duration{header->ts.tv_usec}};
    out.packets.push_back({at, header->len, link, Buffer(data, data + header->caplen)});
    out.sound_time.push_back(header->ts.tv_usec >= 0 && header->ts.tv_usec < 1'000'000'000);
  }
  if (status == PCAP_ERROR) out.error = pcap_geterr(file.get());
  return out;
}

Buffer contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return {text.begin(), text.end()};
}

// Link types keep their numbers from file to libpcap only where LINKTYPE_ and DLT_ agree; raw IP is the exception that
// matters (101 in files, 12 or 14 in memory).
bool same_link(LinkType ours, LinkType theirs) {
  return !is_supported(ours) || ours == theirs || (ours == LinkType::raw && theirs == LinkType::raw_bsd);
}

// libpcap 1.10 reads a file's seconds as signed; the format says that they are not.
bool same_time(Time ours, Time theirs) {
  return ours == theirs || ours - theirs == std::chrono::seconds{std::int64_t{1} << 32};
}

void expect_same_packets(const Capture& ours, const Reference& theirs, const std::string& what) {
  ASSERT_EQ(ours.packets.size(), theirs.packets.size()) << what << ": " << ours.error << theirs.error;
  for (std::size_t i = 0; i < ours.packets.size(); ++i) {
    ASSERT_TRUE(!theirs.sound_time[i] || same_time(ours.packets[i].at, theirs.packets[i].at))
        << what << ", packet " << i;
    ASSERT_EQ(ours.packets[i].size_on_wire, theirs.packets[i].size_on_wire) << what << ", packet " << i;
    ASSERT_EQ(ours.packets[i].bytes, theirs.packets[i].bytes) << what << ", packet " << i;
    ASSERT_TRUE(same_link(ours.packets[i].link, theirs.packets[i].link)) << what << ", packet " << i;
  }
}

void compare(const Buffer& file, const std::string& what) {
  const std::string path = testing::TempDir() + "/netscope_libpcap_test_" + std::to_string(getpid()) + ".pcap";
  write_file(path, file);
  expect_same_packets(read(file), read_with_libpcap(path), what);
  std::filesystem::remove(path);
}

std::vector<TimedPacket> traffic(const Packet& link) {
  return TcpConversation({.begin = kTestTime + Duration{123'456'789}, .link = link})
      .handshake()
      .client(client_hello("example.org"))
      .server(server_hello())
      .close()
      .packets();
}

TEST(Libpcap, AgreesOnEveryVariantOfPcap) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const bool nanoseconds : {false, true}) {
      for (const std::uint32_t snap_length : {60u, 262144u}) {
        const PcapFormat format{.nanoseconds = nanoseconds, .order = order, .snap_length = snap_length};
        compare(pcap_file(traffic(ethernet()), format), "Ethernet");
        compare(pcap_file(traffic(raw()), format), "raw");
        compare(pcap_file(traffic(linux_cooked()), format), "cooked");
      }
    }
  }
}

TEST(Libpcap, AgreesOnPcapng) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const std::uint8_t resolution : std::to_array<std::uint8_t>({3, 6, 9, 0x80 | 10, 0x80 | 20})) {
      PcapngWriter writer;
      writer.section(order).interface({.time_resolution = resolution, .name = "eth0"}).interface({});
      for (TimedPacket packet : traffic(ethernet())) {
        writer.enhanced(packet);
        packet.interface = 1;
        writer.enhanced(packet).block(0x0bad, Buffer(7, 1));
      }
      compare(writer.file(), "pcapng of resolution " + std::to_string(resolution));
    }
  }
}

TEST(Libpcap, AgreesOnWhatIsLeftOfADamagedFile) {
  const Buffer file = pcap_file(traffic(ethernet()));
  for (std::size_t size = 24; size < file.size(); size += 7) {
    compare(Buffer(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), "cut to " + std::to_string(size));
  }
}

TEST(Libpcap, AgreesOnEveryCaptureOfTheCorpus) {
  const std::filesystem::path corpus = project_file("../shared/corpus");
  if (!std::filesystem::exists(corpus / "pcap")) GTEST_SKIP() << "no corpus of captures at " << corpus;
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    const std::string extension = entry.path().extension();
    if (!entry.is_regular_file() || (extension != ".pcap" && extension != ".pcapng" && extension != ".cap")) continue;
    const Reference theirs = read_with_libpcap(entry.path());
    const Capture ours = read(contents(entry.path()));
    // What libpcap refuses (several link types, zero-length interfaces) we may read; what both read must be the same.
    if (!theirs.error.empty() || ours.parser.flaws().larger_than_snap_length > 0) continue;
    expect_same_packets(ours, theirs, entry.path().filename());
    ++compared;
  }
  EXPECT_GT(compared, 100u);
}

}  // namespace
}  // namespace netscope::test
