// Bytes as people read them: offset, sixteen bytes in hexadecimal, and what is printable of them.

const kWidth = 16;

export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += kWidth) {
    const part = bytes.subarray(at, at + kWidth);
    let hex = "", text = "";
    for (let i = 0; i < kWidth; ++i) {
      const byte = part[i];
      if (i === kWidth / 2) hex += " ";
      hex += byte === undefined ? "   " : `${byte.toString(16).padStart(2, "0")} `;
      if (byte !== undefined) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
    }
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex} ${text}`);
  }
  return lines.join("\n");
}
