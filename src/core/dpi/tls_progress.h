// Tells when a hello that arrives piece by piece is worth reading again.
//
// Parsers keep no state: they read a longer prefix from its beginning. For a client that sends a large hello a byte at
// a time that would be quadratic. So what waits is followed, each byte once, to where the answer of tls::parse_records
// or tls::parse_client_hello may change: behind the name, behind the message, and where it turns out to be none.
#pragma once

#include <cstddef>
#include <cstdint>

#include "netscope/base/bytes.h"

namespace netscope::tls {

class HelloProgress {
 public:
  // Both: whether what has come since the last call may change the answer. The whole input is given each time; it only
  // grows. Of a message that has ended that is said once.
  bool follow_records(Bytes stream);
  bool follow_message(Bytes handshake);

  // Whether the message is whole, or broken.
  bool ended() const { return ended_; }

 private:
  // What the number under way is, or what was passed over behind it.
  enum class Field : std::uint8_t {
    type,
    length,  // and the version and the random behind it
    session,
    ciphers,
    compression,
    extensions,
    extension_type,
    extension_length,
    rest  // behind the extensions
  };

  bool header(Reader& in);
  bool header_byte(std::uint8_t next);
  bool take(Bytes message);
  bool number_read();
  bool passed();
  bool expect(Field field, std::uint8_t bytes);
  bool pass(std::uint32_t count);
  bool tell(std::uint32_t extension);
  bool next_extension();
  bool end();

  std::uint32_t read_ = 0;  // of the input
  bool ended_ = false;
  // Of records: bytes of the header that were read, and what is left of the fragment behind it.
  std::uint8_t header_bytes_ = 0;
  std::uint8_t length_high_ = 0;
  bool passed_over_ = false;  // the fragment is no part of the message
  bool begun_ = false;        // the message
  std::uint32_t fragment_left_ = 0;
  // Of the message.
  Field field_ = Field::type;
  bool is_told_ = false;          // that the extension under way has come
  std::uint8_t others_ = 0;       // extensions that were told and are not server_name
  std::uint8_t number_left_ = 1;  // bytes of the number under way
  std::uint32_t number_ = 0;
  std::uint32_t pass_left_ = 0;        // bytes to be passed over before the next number
  std::uint32_t message_left_ = 0;     // bytes behind both
  std::uint32_t extensions_left_ = 0;  // those of them that belong to extensions
};

}  // namespace netscope::tls
