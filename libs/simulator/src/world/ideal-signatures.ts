/**
 * An ideal double of the signature scheme: a signature exists only after its owner made it, and nothing else verifies. Forging
 * is impossible by construction, not by hardness, and both operations cost one look-up.
 */
import type { SignatureScheme } from '@bursar/crypto';
import { equalBytes } from '@bursar/protocol';

export class IdealSignatures implements SignatureScheme {
  /** Signature and its owner → what was signed. */
  readonly #made = new Map<string, Uint8Array>();
  readonly #both = Buffer.alloc(96);

  /** @param secretKey 64 bytes, the second half is the public key, as libsodium has it */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
    if (secretKey.length !== 64) throw new RangeError('a secret key has 64 bytes');
    const out = new Uint8Array(64);
    out.set(message.subarray(0, 32));
    // The secret never leaves: 32 bytes that depend on it and on nothing anyone else may know.
    for (let i = 0; i < 32; i++) out[32 + i] = Math.imul((secretKey[i] ?? 0) + 167, (message[i] ?? 0) + i + 1) >>> 3;
    this.#made.set(this.#key(out, secretKey.subarray(32)), message);
    return out;
  }
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    const made = this.#made.get(this.#key(signature, publicKey));
    return made !== undefined && equalBytes(made, message);
  }
  #key(signature: Uint8Array, publicKey: Uint8Array): string {
    this.#both.set(signature);
    this.#both.set(publicKey, 64);
    return this.#both.toString('latin1');
  }
}
