import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * Proof of work: a number whose SHA-256 with the challenge begins with `bits` zero bits. The page
 * stays alive meanwhile. (The browser's own SHA-256 is missing on plain http.)
 */
export async function prove(challenge: string, bits: number): Promise<string> {
  for (let tried = 0; ; tried++) {
    const proof = `${challenge}:${tried}`;
    if (zeroBits(sha256(utf8ToBytes(proof))) >= bits) return proof;
    if (tried % 5000 === 4999) await new Promise((resolve) => setTimeout(resolve));
  }
}

function zeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const byte of digest) {
    if (byte) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}
