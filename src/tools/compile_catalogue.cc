// Part of the build: turns rules/apps.toml into what the program carries of it, so that no run pays for reading and
// checking it again, and a catalogue with a mistake cannot be built.
//
// usage: compile_catalogue IN OUT
//
// OUT receives pieces of a C++ string literal (compilers limit one literal's length and join what stands side by
// side): a line an application, its name, category and domains, separated by tabs.

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "netscope/policy/catalogue/catalogue.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: compile_catalogue IN OUT\n";
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto catalogue = netscope::Catalogue::parse(text, argv[1]);
  if (!in || !catalogue) {
    if (!in) std::cerr << argv[1] << ": cannot be read\n";
    if (!catalogue) {
      for (const netscope::Error& error : catalogue.error()) std::cerr << to_string(error) << "\n";
    }
    return 1;
  }
  std::ofstream out(argv[2], std::ios::binary);
  for (const netscope::App& app : catalogue->apps()) {
    out << "R\"~~(" << app.name << "\t" << app.category;
    for (const std::string& domain : app.domains) out << "\t" << domain;
    out << "\n)~~\"\n";
  }
  out.close();
  if (!out) std::cerr << argv[2] << ": cannot be written\n";
  return out ? 0 : 1;
}
