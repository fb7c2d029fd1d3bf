/** How far the network is, by certificates that others publish: storage is unready while it is clearly behind (C11). */
import type { Verifier } from '@bursar/crypto';
import { isFinalKind, type ValidatorSet, verifyCertificate } from '@bursar/membership';
import { certificate, DecodeError, type Digest, decode, header, headerDigest } from '@bursar/protocol';

/** Blocks behind before it counts: others commit a moment earlier all the time. */
export const SLACK = 8;

export class CertifiedHead {
  readonly #chain: Digest;
  readonly #set: ValidatorSet;
  readonly #verifier: Verifier;
  #height = 0;

  constructor(chain: Digest, set: ValidatorSet, verifier: Verifier) {
    this.#chain = chain;
    this.#set = set;
    this.#verifier = verifier;
  }

  get height(): number {
    return this.#height;
  }

  /**
   * Looks at an event of anybody; believes its certificate only.
   * @param ownHeight newest block here: what does not make this storage look behind is not worth a signature check
   * @returns whether the head moved
   */
  hear(height: number, ownHeight: number, rawHeader: Uint8Array, rawCertificate: Uint8Array): boolean {
    if (height <= this.#height || height <= ownHeight + SLACK) return false;
    try {
      const h = decode(header, rawHeader);
      const c = decode(certificate, rawCertificate);
      const fits = h.height === height && c.height === height && isFinalKind(c.kind) && c.digest === headerDigest(h);
      if (!fits || verifyCertificate(this.#set, this.#chain, c, this.#verifier)) return false;
    } catch (e) {
      if (e instanceof DecodeError) return false;
      throw e;
    }
    this.#height = height;
    return true;
  }

  isBehind(ownHeight: number): boolean {
    return ownHeight + SLACK < this.#height;
  }
}
