// The core and the sample: inside the page (base64 of gzip) or beside it.

export async function loadAsset(name: "netscope.wasm" | "sample.pcap"): Promise<Uint8Array<ArrayBuffer>> {
  const inside = document.getElementById(`asset:${name}`);
  if (inside === null) {
    const response = await fetch(new URL(name, document.baseURI));
    if (!response.ok) throw new Error(`${name}: the server answers ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  }
  const packed = Uint8Array.from(atob(inside.textContent ?? ""), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
