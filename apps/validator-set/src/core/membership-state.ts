/** Membership as final blocks decide it: a pure fold over headers, the same on every validator. */
import type { Verifier } from '@bursar/crypto';
import {
  advanceSchedule,
  fromBitmap,
  genesisSet,
  isFinalKind,
  leaderOf,
  leaderOrder,
  nextBeacon,
  type Schedule,
  startSchedule,
  type ValidatorSet,
  verifyCertificate,
} from '@bursar/membership';
import {
  block,
  type Certificate,
  certificate,
  DecodeError,
  type Digest,
  decode,
  type Genesis,
  type Header,
  header,
  headerDigest,
  type RejectionName,
} from '@bursar/protocol';
import type { StreamedBlock } from '../ports.ts';

/** What final blocks say of one validator. */
export interface Conduct {
  readonly proposed: number;
  readonly skipped: number;
}
/** `stale`: seen before. `gap`: blocks are missing in between. `wrong`: no block of this chain. */
export type Applied =
  | { readonly kind: 'applied' | 'stale' }
  | { readonly kind: 'gap'; readonly expected: number }
  | { readonly kind: 'wrong'; readonly why: string };
export type Verdict =
  | { readonly valid: true; readonly header: Header }
  | { readonly valid: false; readonly name: RejectionName; readonly why: string };

/** Schedules of so many newest heights are kept for GetLeader. */
export const KEPT_SCHEDULES = 1_000;

export class MembershipState {
  readonly set: ValidatorSet;
  readonly chain: Digest;
  readonly #verifier: Verifier;
  readonly #conduct: Conduct[];
  /** height → the schedule that draws its leaders. */
  readonly #schedules = new Map<number, Schedule>();
  #schedule: Schedule;
  #height = 0;
  #hash: Digest;
  #time: number;

  constructor(genesis: Genesis, chain: Digest, verifier: Verifier) {
    this.set = genesisSet(genesis);
    this.chain = chain;
    this.#verifier = verifier;
    this.#conduct = this.set.validators.map(() => ({ proposed: 0, skipped: 0 }));
    this.#schedule = startSchedule(chain);
    this.#schedules.set(1, this.#schedule);
    this.#hash = chain;
    this.#time = genesis.time;
  }

  /** Newest final block that was followed; 0 = genesis. */
  get height(): number {
    return this.#height;
  }
  get hash(): Digest {
    return this.#hash;
  }
  get oldestSchedule(): number {
    return Math.max(1, this.#height + 2 - KEPT_SCHEDULES);
  }

  conduct(index: number): Conduct | undefined {
    return this.#conduct[index];
  }

  /** @returns undefined outside oldestSchedule … height + 1. */
  leader(height: number, view: number): number | undefined {
    const schedule = this.#schedules.get(height);
    return schedule && leaderOf(leaderOrder(this.set, schedule, height), view);
  }

  /** Whether a certificate proves a header final on this chain. Total. */
  verify(rawHeader: Uint8Array, rawCertificate: Uint8Array): Verdict {
    let h: Header;
    let c: Certificate;
    try {
      h = decode(header, rawHeader);
      c = decode(certificate, rawCertificate);
    } catch (e) {
      if (e instanceof DecodeError) return { valid: false, name: 'MalformedMessage', why: e.message };
      throw e;
    }
    return this.#verdict(h, c);
  }

  /**
   * Idempotent by height; never goes back.
   * @param vouched blocks up to `vouched` of the same stream follow, and the certificate of that one is checked: parents' digests tie this
   * one to it, so its own signatures are not looked at
   */
  apply(streamed: StreamedBlock, vouched = 0): Applied {
    if (streamed.height <= this.#height) return { kind: 'stale' };
    if (streamed.height > this.#height + 1) return { kind: 'gap', expected: this.#height + 1 };
    let h: Header;
    let c: Certificate;
    try {
      h = decode(block, streamed.block).header;
      c = decode(certificate, streamed.certificate);
    } catch (e) {
      if (e instanceof DecodeError) return { kind: 'wrong', why: e.message };
      throw e;
    }
    const verdict = this.#verdict(h, c, h.height < vouched);
    if (!verdict.valid) return { kind: 'wrong', why: `${verdict.name}: ${verdict.why}` };
    const why = this.#contradiction(h);
    if (why !== undefined) return { kind: 'wrong', why };
    this.#count(h);
    this.#height = h.height;
    this.#hash = headerDigest(h);
    this.#time = h.time;
    this.#schedule = advanceSchedule(this.#schedule, h);
    this.#schedules.set(h.height + 1, this.#schedule);
    this.#schedules.delete(h.height + 1 - KEPT_SCHEDULES);
    return { kind: 'applied' };
  }

  #verdict(h: Header, c: Certificate, vouched = false): Verdict {
    const no = (name: RejectionName, why: string): Verdict => ({ valid: false, name, why });
    if (h.chain !== this.chain) return no('WrongChain', 'the header is of another chain');
    if (h.epoch !== this.set.epoch) return no('MalformedMessage', `epoch ${h.epoch} is not known`);
    if (!isFinalKind(c.kind)) return no('QuorumNotReached', `a certificate of kind ${c.kind} makes nothing final`);
    if (c.height !== h.height || c.digest !== headerDigest(h)) return no('MalformedMessage', 'the certificate is for another block');
    const bad = vouched ? undefined : verifyCertificate(this.set, this.chain, c, this.#verifier);
    return bad ? no(bad, 'the certificate does not prove the block final') : { valid: true, header: h };
  }

  /** A certified header that our own fold contradicts: then this program and the quorum disagree. */
  #contradiction(h: Header): string | undefined {
    if (h.height !== this.#height + 1) return `height ${h.height} where ${this.#height + 1} was streamed`;
    if (h.parent !== this.#hash) return `parent ${h.parent}, ours is ${this.#hash}`;
    if (h.time <= this.#time) return `time ${h.time} is not after ${this.#time}`;
    if (h.nextValidators !== this.set.hash) return `next set ${h.nextValidators}, ours is ${this.set.hash}`;
    if (h.beacon !== nextBeacon(this.#schedule.beacon, h.height)) return 'another beacon';
    const leader = this.leader(h.height, h.view);
    if (h.proposer !== leader) return `proposer ${h.proposer}, the leader of view ${h.view} is ${leader}`;
    return undefined;
  }

  #count(h: Header): void {
    const add = (index: number, proposed: number, skipped: number): void => {
      const known = this.#conduct[index];
      if (known) this.#conduct[index] = { proposed: known.proposed + proposed, skipped: known.skipped + skipped };
    };
    add(h.proposer, 1, 0);
    for (const index of fromBitmap(h.skipped, this.set.validators.length) ?? []) add(index, 0, 1);
  }
}
