/// <reference path="./sodium.d.ts" />
import { crypto_sign_detached, crypto_sign_seed_keypair, sodium_memzero } from 'sodium-native';
import { isBytes, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './ed25519-verify.ts';

export const SEED_BYTES = 32;
/** libsodium's form: the seed, then the public key. */
export const SECRET_KEY_BYTES = 64;

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes: seed ‖ public key. Wipe it after use. */
  readonly secretKey: Uint8Array;
}

/**
 * The key pair of a seed (RFC 8032 §5.1.5). The caller draws the seed from a secure source and wipes it.
 *
 * @throws RangeError unless the seed has 32 bytes.
 */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  checkBytes('seed', seed, SEED_BYTES);
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
  const secretKey = new Uint8Array(SECRET_KEY_BYTES);
  crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return { publicKey, secretKey };
}

/**
 * The signature, 64 bytes, deterministic (RFC 8032 §5.1.6). About 20 µs.
 *
 * The secret key must come from {@link keyPairFromSeed} whole: two signatures under one seed and two public-key halves
 * reveal the seed, so the halves never come from different places.
 *
 * @throws RangeError unless the secret key has 64 bytes and the message fits 32-bit addressing.
 */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  checkBytes('secret key', secretKey, SECRET_KEY_BYTES);
  if (!isBytes(message)) throw new RangeError('a message to sign is a Uint8Array that ends below 4 GiB of its buffer');
  const signature = new Uint8Array(SIGNATURE_BYTES);
  crypto_sign_detached(signature, message, secretKey);
  return signature;
}

/** Overwrites a secret with zeros in a way the compiler cannot drop. Copies made elsewhere are not reached. */
export function wipe(secret: Uint8Array): void {
  sodium_memzero(secret);
}

/** The message names no byte of the value: it may be a secret. */
function checkBytes(what: string, value: Uint8Array, length: number): void {
  if (!isBytes(value) || value.byteLength !== length) throw new RangeError(`a ${what} is a Uint8Array of ${length} bytes`);
}
