#include "netscope/net/host_name.h"

#include <gtest/gtest.h>

namespace netscope {
namespace {

std::string authority(std::string_view text) {
  return std::string(HostName::from_authority(text).view());
}
std::string dns(std::string_view text) {
  return std::string(HostName::from_dns(text).view());
}

std::string normalized(std::string_view written) {
  const auto domain = normalize_domain(written);
  return domain ? *domain : "error: " + domain.error().message;
}
bool refused(std::string_view written) {
  return !normalize_domain(written).has_value();
}

TEST(HostName, ComesInLowerCaseWithoutPortUserOrTrailingDot) {
  EXPECT_EQ(authority("User@Example.COM.:443"), "example.com");
  EXPECT_EQ(authority("example.com"), "example.com");
  EXPECT_EQ(authority(" example.com\t"), "example.com");
  EXPECT_EQ(authority("a@b@example.com:"), "example.com");
  EXPECT_EQ(authority("example.com.."), "example.com");
}

TEST(HostName, IsEmptyWhenNothingIsLeft) {
  for (const char* text : {"", " ", ".", ":443", "user@", "[]", "[]:80", "@:"}) {
    EXPECT_TRUE(HostName::from_authority(text).empty()) << text;
  }
  EXPECT_TRUE(HostName().empty());
}

TEST(HostName, LosesTheBracketsOfAnIpv6Literal) {
  EXPECT_EQ(authority("[2001:DB8::1]:8443"), "2001:db8::1");
  EXPECT_EQ(authority("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(authority("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(authority("[2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(authority("192.0.2.1:80"), "192.0.2.1");
}

TEST(HostName, EndsAtTheFirstColonAsServersReadIt) {
  EXPECT_EQ(authority("blocked.example:80:90"), "blocked.example");
}

TEST(HostName, EscapesWhatIsNotPrintable) {
  EXPECT_EQ(authority(std::string_view("a\0b.example", 11)), "a\\000b.example");
  EXPECT_EQ(authority("m\xc3\xbcnchen.example"), "m\\195\\188nchen.example");
  EXPECT_EQ(authority("a b\x7f"), "a\\032b\\127");
}

TEST(HostName, HoldsTheLongestNameAndKeepsTheLastLabelsOfALongerOne) {
  const std::string longest = std::string(kMaxHostName - 4, 'a') + ".com";
  EXPECT_EQ(authority(longest), longest);
  EXPECT_EQ(authority("a" + longest), "com");
  EXPECT_EQ(authority("x." + longest), longest);
  EXPECT_EQ(authority(std::string(300, 'a') + ".blocked.example"), "blocked.example");
  EXPECT_EQ(authority(std::string(kMaxHostName + 1, 'a')), "");
  EXPECT_EQ(authority(std::string(70, '\xff') + ".blocked.example"), "blocked.example");
}

TEST(HostName, OfDnsKeepsColonsAndEscapesAndNamesTheRoot) {
  EXPECT_EQ(dns("Printer\\032(2)._IPP._tcp.local"), "printer\\032(2)._ipp._tcp.local");
  EXPECT_EQ(dns("a:b.example."), "a:b.example");
  EXPECT_EQ(dns("."), ".");
  EXPECT_EQ(dns(""), "");
}

TEST(NormalizeDomain, LowersAndDropsTheRootsDot) {
  EXPECT_EQ(normalized("Example.COM."), "example.com");
  EXPECT_EQ(normalized("_dmarc.a-b.example"), "_dmarc.a-b.example");
  EXPECT_EQ(normalized("com"), "com");
  EXPECT_EQ(normalized("XN--MNCHEN-3YA.example"), "xn--mnchen-3ya.example");
}

TEST(NormalizeDomain, WritesInternationalLabelsAsALabels) {
  EXPECT_EQ(normalized("münchen.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(normalized("MÜNCHEN.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(normalized("bücher.ÖSTERREICH"), "xn--bcher-kva.xn--sterreich-z7a");
  EXPECT_EQ(normalized("ПРИМЕР.рф"), "xn--e1afmkfd.xn--p1ai");
  EXPECT_EQ(normalized("ΔΟΚΙΜΉ.gr"), normalized("δοκιμή.gr"));
  EXPECT_EQ(normalized("ŁÓDŹ.pl"), "xn--d-uga0v4h.pl");
  EXPECT_EQ(normalized("例え。テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(normalized("faß.de"), "xn--fa-hia.de");
}

// RFC 3492, section 7.1, in its lower-case form.
TEST(NormalizeDomain, EncodesTheSamplesOfTheRfc) {
  EXPECT_EQ(normalized("ليهمابتكلموشعربي؟"), "xn--egbpdaj6bu4bxfgehfvwxn");
  EXPECT_EQ(normalized("他们为什么不说中文"), "xn--ihqwcrb4cv8a8dqg056pqjye");
  EXPECT_EQ(normalized("他們爲什麽不說中文"), "xn--ihqwctvzc91f659drss3x8bo0yb");
  EXPECT_EQ(normalized("pročprostěnemluvíčesky"), "xn--proprostnemluvesky-uyb24dma41a");
  EXPECT_EQ(normalized("למההםפשוטלאמדבריםעברית"), "xn--4dbcagdahymbxekheh6e0a7fei0b");
  EXPECT_EQ(normalized("なぜみんな日本語を話してくれないのか"), "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa");
  EXPECT_EQ(normalized("почемужеонинеговорятпорусски"), "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
  EXPECT_EQ(normalized("porquénopuedensimplementehablarenespañol"),
            "xn--porqunopuedensimplementehablarenespaol-fmd56a");
  EXPECT_EQ(normalized("tạisaohọkhôngthểchỉnóitiếngviệt"), "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g");
  EXPECT_EQ(normalized("3年b組金八先生"), "xn--3b-ww4c5e180e575a65lsy2b");
  EXPECT_EQ(normalized("安室奈美恵-with-super-monkeys"), "xn---with-super-monkeys-pc58ag80a8qai00g7n9n");
  EXPECT_EQ(normalized("ひとつ屋根の下2"), "xn--2-u9tlzr9756bt3uc0v");
  EXPECT_EQ(normalized("そのスピードで"), "xn--d9juau41awczczp");
}

TEST(NormalizeDomain, RefusesWhatIsNoDomain) {
  for (const char* written : {"", ".", ".com", "a..b", "a b.com", "exam ple", "*.example.com", "http://example.com",
                              "example.com/path", "example.com:443", "me@example.com", "a\"b", "a\u200bb.com"}) {
    EXPECT_TRUE(refused(written)) << written;
  }
}

TEST(NormalizeDomain, RefusesBytesThatAreNotUtf8) {
  for (const char* written :
       {"\xff.com", "a\xc3", "\xc0\xaf.com", "\xed\xa0\x80.com", "\xf4\x90\x80\x80", "\xe4\xbe"}) {
    EXPECT_TRUE(refused(written));
  }
}

TEST(NormalizeDomain, RefusesCombiningAccentsWithTheRemedy) {
  EXPECT_NE(normalized("mu\u0308nchen.example").find("precomposed"), std::string::npos);
}

TEST(NormalizeDomain, HoldsTheLimitsOfLabelAndName) {
  const std::string label(63, 'a');
  EXPECT_EQ(normalized(label + ".com"), label + ".com");
  EXPECT_TRUE(refused(label + "a.com"));
  EXPECT_TRUE(refused(std::string(58, 'a') + "\u00fc"));
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  EXPECT_EQ(normalized(longest), longest);
  EXPECT_TRUE(refused(longest + "b"));
}

}  // namespace
}  // namespace netscope
