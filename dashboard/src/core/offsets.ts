// The core counts bytes of UTF-8; the page counts characters of UTF-16.

export function bytesBefore(text: string, character: number): number {
  return new TextEncoder().encode(text.slice(0, character)).length;
}

export function charactersBefore(text: string, byte: number): number {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, byte)).length;
}
