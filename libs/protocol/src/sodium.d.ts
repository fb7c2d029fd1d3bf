declare module 'sodium-native' {
  export function crypto_hash_sha256(output: Uint8Array, input: Uint8Array): void;
}
