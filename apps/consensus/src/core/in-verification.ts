/** Batches that came by themselves and are with the workers: under load that takes longer than a proposal, and none is to be verified twice. */
import { type Digest, equalBytes } from '@bursar/protocol';

/** By sender: what another validator sends under an origin's signature is no claim of that origin. Bounded by whoever begins: so many of each at a time. */
export class InVerification {
  readonly #signatures = new Map<string, readonly Uint8Array[]>();

  begin(sender: number, digest: Digest, signature: Uint8Array): void {
    const claim = claimOf(sender, digest);
    this.#signatures.set(claim, [...(this.#signatures.get(claim) ?? []), signature]);
  }
  /** This sender claims to this batch: for a while no peer need be asked for it. */
  has(sender: number, digest: Digest): boolean {
    return this.#signatures.has(claimOf(sender, digest));
  }
  /** Exactly this claim; the same bytes under another signature are another one, or a forger could keep the origin's out. */
  hasClaim(sender: number, digest: Digest, signature: Uint8Array): boolean {
    return this.#signatures.get(claimOf(sender, digest))?.some((s) => equalBytes(s, signature)) === true;
  }
  end(sender: number, digest: Digest, signature: Uint8Array): void {
    const claim = claimOf(sender, digest);
    const left = (this.#signatures.get(claim) ?? []).filter((s) => s !== signature);
    if (left.length > 0) this.#signatures.set(claim, left);
    else this.#signatures.delete(claim);
  }
}
const claimOf = (sender: number, digest: Digest): string => `${sender}/${digest}`;
