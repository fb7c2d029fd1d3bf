/// <reference path="./sodium.d.ts" />
import { crypto_core_ed25519_is_valid_point, crypto_sign_verify_detached } from 'sodium-native';
import type { SignedMessage } from './signature-scheme.ts';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Where a view may end in its buffer: the binding passes offsets and lengths as 32-bit numbers and would cut longer ones short. */
const VIEW_END_MAX = 2 ** 32 - 1;

/**
 * THE ed25519 verifier: validators agree on blocks only if they agree on signatures, so its edge cases are rules of
 * consensus (RFC 8032 §5.1.7 as libsodium has it; test/ pins each by vectors). With A the key, (R, S) the signature:
 *
 * 1. A has 32 bytes and the signature exactly 64, else false.
 * 2. S < L, else false: no second signature from a first one.
 * 3. A is canonical (y < p) and a point of the curve, else false.
 * 4. A and R are not of small order, in any encoding, else false.
 * 5. The equation is the one without cofactor: R must equal, byte for byte, the encoding of [S]B − [SHA-512(R ‖ A ‖ M) mod L]A.
 *    A non-canonical R thus fails, and so does a signature that only holds after multiplication by 8.
 * 6. A key with both a large-order and a small-order part is not refused here; isAcceptablePublicKey keeps it out at registration.
 *
 * Total: never throws, whatever the arguments hold. Signatures are never checked by the batch equation, which
 * accepts others. About 55 µs.
 */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isBytes(publicKey) || !isBytes(message) || !isBytes(signature)) return false;
  // The binding takes longer signatures and ignores the rest: a malleability that ends here.
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false;
  return crypto_sign_verify_detached(signature, message, publicKey);
}

/** One answer per item, in order: single verifications grouped, each exactly as {@link verify} decides it. */
export function verifyMany(items: readonly SignedMessage[]): boolean[] {
  return items.map(({ publicKey, message, signature }) => verify(publicKey, message, signature));
}

/**
 * Whether a key may be registered (genesis, validator, approver, executor, account): 32 bytes, canonical, on the curve,
 * in the main subgroup and not its identity. Stricter than {@link verify}: it also refuses mixed-order keys, under which
 * implementations disagree about signatures. Total. About 40 µs.
 */
export function isAcceptablePublicKey(publicKey: Uint8Array): boolean {
  return isBytes(publicKey) && publicKey.byteLength === PUBLIC_KEY_BYTES && crypto_core_ed25519_is_valid_point(publicKey);
}

/** A Uint8Array (of any realm, Buffer included) that the binding can address. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    ArrayBuffer.isView(value) &&
    'BYTES_PER_ELEMENT' in value &&
    value.BYTES_PER_ELEMENT === 1 &&
    value.byteOffset + value.byteLength <= VIEW_END_MAX
  );
}
