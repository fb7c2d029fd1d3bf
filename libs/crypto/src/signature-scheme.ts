/** One signature to be checked. */
export interface SignedMessage {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Checks signatures. Total: whatever the bytes, the answer is true or false, never an exception. */
export interface Verifier {
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Makes signatures. Deterministic: one key and one message have one signature. */
export interface Signer {
  /** @throws RangeError for a secret key of another length than the scheme's. */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
}

/** The port behind which the real scheme and a simulator's ideal double stand. */
export interface SignatureScheme extends Signer, Verifier {}
