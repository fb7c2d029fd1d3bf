/** The steps of a proof's argument: each holds, or the proof breaks at a link that has a name. */
import { type Codec, DecodeError, decode } from '@bursar/protocol';

/** The links of the argument, in the order in which they are checked. */
export type ProofLink = 'file' | 'genesis' | 'header' | 'certificate' | 'receipt' | 'body' | 'policy' | 'import' | 'approvals';

/** Never leaves the verifiers: they make a verdict of it. */
export class Broken extends Error {
  readonly link: ProofLink;
  constructor(link: ProofLink, reason: string) {
    super(reason);
    this.link = link;
  }
}
export function holds(condition: boolean, link: ProofLink, reason: string): asserts condition {
  if (!condition) throw new Broken(link, reason);
}

/** @throws Broken unless the bytes are canonical */
export const read = <T>(codec: Codec<T>, bytes: Uint8Array, link: ProofLink, what: string): T =>
  within(link, what, () => decode(codec, bytes));

/** @throws Broken where `fn` throws DecodeError */
export function within<T>(link: ProofLink, what: string, fn: () => T): T {
  try {
    return fn();
  } catch (e) {
    if (e instanceof DecodeError) throw new Broken(link, `${what} has not its form: ${e.message}`);
    throw e;
  }
}
