/** The part of sodium-native that this package calls. Declarations of other packages merge with these. */
declare module 'sodium-native' {
  /** @throws unless publicKey has 32, secretKey 64 and seed 32 bytes. */
  export function crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  /** @throws unless signature and secretKey have 64 bytes. */
  export function crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  /** @throws unless signature has 64 or more and publicKey 32 bytes. */
  export function crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /** @throws unless point has 32 bytes. */
  export function crypto_core_ed25519_is_valid_point(point: Uint8Array): boolean;
  export function sodium_memzero(buffer: Uint8Array): void;
}
