/** Signatures of votes as flat bytes for a worker thread: groups of 128-byte rows (key, message, signature), one verdict for each group. Pure. */
import { type SignedMessage, verify } from '@bursar/crypto';

const ROW = 128;

/** u32 number of groups, their sizes, then the rows. */
export function packSignatures(groups: readonly (readonly SignedMessage[])[]): Uint8Array<ArrayBuffer> {
  const rows = groups.reduce((sum, g) => sum + g.length, 0);
  const head = 4 * (1 + groups.length);
  const bytes = new Uint8Array(head + rows * ROW);
  const sizes = new DataView(bytes.buffer);
  sizes.setUint32(0, groups.length);
  let at = head;
  for (const [i, group] of groups.entries()) {
    sizes.setUint32(4 * (1 + i), group.length);
    for (const { publicKey, message, signature } of group) {
      bytes.set(publicKey, at);
      bytes.set(message, at + 32);
      bytes.set(signature, at + 64);
      at += ROW;
    }
  }
  return bytes;
}

/** For each group 1 if all its signatures hold. The first one that does not ends its group. */
export function verifySignatures(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const sizes = new DataView(bytes.buffer, bytes.byteOffset);
  const verdicts = new Uint8Array(sizes.getUint32(0));
  let at = 4 * (1 + verdicts.length);
  for (let i = 0; i < verdicts.length; i++) {
    const end = at + sizes.getUint32(4 * (1 + i)) * ROW;
    let isValid = true;
    for (; at < end && isValid; at += ROW)
      isValid = verify(bytes.subarray(at, at + 32), bytes.subarray(at + 32, at + 64), bytes.subarray(at + 64, at + ROW));
    verdicts[i] = isValid ? 1 : 0;
    at = end;
  }
  return verdicts;
}
