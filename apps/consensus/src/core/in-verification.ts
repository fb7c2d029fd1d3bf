/** Batches that came by themselves and are with the workers: under load that takes longer than a proposal, and none is to be verified twice. */
import { type Digest, equalBytes } from '@bursar/protocol';

/** Bounded by whoever begins: so many of each origin at a time. */
export class InVerification {
  readonly #signatures = new Map<Digest, readonly Uint8Array[]>();

  begin(digest: Digest, signature: Uint8Array): void {
    this.#signatures.set(digest, [...(this.#signatures.get(digest) ?? []), signature]);
  }
  /** Some claim to this batch: no peer need be asked for it. */
  has(digest: Digest): boolean {
    return this.#signatures.has(digest);
  }
  /** Exactly this claim; the same bytes under another signature are another one, or a forger could keep the origin's out. */
  hasClaim(digest: Digest, signature: Uint8Array): boolean {
    return this.#signatures.get(digest)?.some((s) => equalBytes(s, signature)) === true;
  }
  end(digest: Digest, signature: Uint8Array): void {
    const left = (this.#signatures.get(digest) ?? []).filter((s) => s !== signature);
    if (left.length > 0) this.#signatures.set(digest, left);
    else this.#signatures.delete(digest);
  }
}
