/** What the core needs of the outside. */

export interface RecordLog {
  append(bytes: Uint8Array): unknown;
  /** Durable up to here; rejects for ever after the first failure. */
  sync(): Promise<void>;
  rotate(): number;
  dropBefore(segment: number): Promise<void>;
}

/** Signs a 32-byte hash with the validator's key. */
export type SignHash = (hash: Uint8Array) => Uint8Array;
/** Checks a signature of the validator's key. */
export type VerifyHash = (hash: Uint8Array, signature: Uint8Array) => boolean;
