/** Canonical bytes of the state's leaves, each hashed under a domain of its own. */
import {
  bool,
  digestOf,
  evidenceDigest,
  HashRoom,
  hashOf,
  hex32,
  list,
  optional,
  PAYEE_TEXT,
  payeeDetails,
  rejections,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  uint,
  word,
  ZERO_DIGEST,
} from '@bursar/protocol';
import type { DisbursementTable } from './disbursement-table.ts';
import type { Account, Change, Execution, Hold, Import, Lease, Offence, Offender, Payee, Treasury } from './entities.ts';

const KEYS = 64;
/** Of keys that signed: policies have up to 512 approvers, and those of earlier policies stay in the list. */
const SIGNERS = 0xffffffff;
const sum = struct({ high: u64, low: u64 });
/** Sums over all time may exceed 64 bits. */
const wide = (value: bigint) => ({ high: value >> 64n, low: value & (2n ** 64n - 1n) });

export interface ChainFacts {
  readonly chain: string;
  readonly height: number;
  readonly time: number;
  readonly supply: bigint;
  readonly payments: number;
  readonly sequence: number;
  readonly deferred: number;
  readonly nextBatch: number[];
}
const chainLeafCodec = struct({
  chain: hex32,
  height: uint,
  time: uint,
  supply: u64,
  payments: uint,
  sequence: uint,
  deferred: uint,
  nextBatch: list(uint, 200),
});
export const chainLeaf = (facts: ChainFacts): Uint8Array => hashOf('bursar/state/chain', chainLeafCodec, facts);

const accountCodec = struct({ id: hex32, balance: u64, nonce: u64 });
export const accountLeaf = (a: Account): Uint8Array => hashOf('bursar/state/account', accountCodec, a);

const treasuryCodec = struct({
  id: hex32,
  policy: hex32,
  /** Since when each window of the limits counts. */
  windowsSince: list(uint, 8),
  paused: bool,
  pauseNumber: u32,
  resumes: list(hex32, KEYS),
  totalPaid: sum,
  wake: optional(struct({ since: uint, after: uint, left: optional(u64), gave: bool })),
  wakeAgain: bool,
  passedOver: bool,
  review: optional(struct({ since: uint, next: u32 })),
});
export const treasuryLeaf = (t: Treasury): Uint8Array =>
  hashOf('bursar/state/treasury', treasuryCodec, {
    id: t.id,
    policy: t.rules.digest,
    windowsSince: t.rules.windows.map((w) => w.since),
    paused: t.paused,
    pauseNumber: t.pauseNumber,
    resumes: [...t.resumes],
    totalPaid: wide(t.totalPaid),
    wake: t.wake,
    wakeAgain: t.wakeAgain,
    passedOver: t.passedOver,
    review: t.review,
  });

const importCodec = struct({
  digest: hex32,
  treasury: hex32,
  proposer: hex32,
  state: word('open', 'sealed', 'approved', 'refused'),
  stagings: list(struct({ proposer: hex32, openedAt: uint, chunks: u32, items: u32, digest: hex32 }), SIGNERS),
  chunks: u32,
  count: u32,
  replayed: u32,
  total: u64,
  approvals: list(hex32, SIGNERS),
  activated: u32,
  since: uint,
  sealedAt: uint,
  refusal: u16,
});
export const importLeafOf = (i: Import): Uint8Array =>
  hashOf('bursar/state/import', importCodec, {
    ...i,
    treasury: i.treasury.id,
    stagings: [...i.stagings.values()].map((s) => ({ ...s, chunks: s.chunks.size })),
    count: i.items.length,
    approvals: [...i.approvals],
    refusal: i.refusal ? rejections[i.refusal.reason].code : 0,
  });

const changeCodec = struct({
  id: hex32,
  treasury: hex32,
  state: word('proposed', 'approved', 'effective', 'cancelled', 'expired', 'overtaken'),
  approvals: list(hex32, SIGNERS),
  time: uint,
});
/** What it changes stands in the transaction whose id it has. */
export const changeLeaf = (c: Change): Uint8Array =>
  hashOf('bursar/state/change', changeCodec, { ...c, treasury: c.treasury.id, approvals: [...c.approvals] });

const payeeCodec = struct({ treasury: hex32, name: text(PAYEE_TEXT.name), version: u32, details: optional(payeeDetails) });
export const payeeLeaf = (p: Payee): Uint8Array => hashOf('bursar/state/payee', payeeCodec, { ...p, treasury: p.treasury.id });

const holdCodec = struct({ disbursement: hex32, number: u32, by: hex32, releases: optional(list(hex32, SIGNERS)) });
export const holdLeaf = (h: Hold): Uint8Array => hashOf('bursar/state/hold', holdCodec, { ...h, releases: h.releases && [...h.releases] });

const leaseCodec = struct({
  shard: u16,
  holder: optional(hex32),
  epoch: u64,
  expiresAt: uint,
  released: u8,
  nextSeq: u64,
  history: hex32,
});
export const leaseLeaf = (l: Lease): Uint8Array => hashOf('bursar/state/lease', leaseCodec, { ...l, released: l.released ? 1 : 0 });

const executionCodec = struct({ before: hex32, transaction: hex32, height: uint, time: uint, index: u32, codes: list(u16, 1000) });
/** The next running digest of a lease's executions. */
export const executionDigest = (before: string, e: Execution, codes: number[]): string =>
  digestOf('bursar/state/execution', executionCodec, { ...e, before, codes });

const offenderCodec = struct({ validator: u16, count: u32, history: hex32 });
export const offenderLeaf = ({ validator, offences, history }: Offender): Uint8Array =>
  hashOf('bursar/state/offender', offenderCodec, { validator, count: offences.size, history });

const offenceCodec = struct({ before: hex32, evidence: hex32, reporter: hex32, transaction: hex32, height: uint, time: uint, index: u32 });
/** The next running digest of a validator's offences. */
export const offenceDigest = (before: string, o: Offence): string =>
  digestOf('bursar/state/offence', offenceCodec, { ...o, before, evidence: evidenceDigest(o.evidence) });

const LEAF_BYTES = 158;
const room = new HashRoom('bursar/state/disbursement', LEAF_BYTES);
const scratch = room.bytes.subarray(room.start);
const NOT_PAID = { transaction: ZERO_DIGEST, height: 0 };
/** What `scratch` holds already: neighbours mostly share it. */
let importWritten = '';
let transactionWritten = '';
/**
 * id 32 ‖ body hash 32 ‖ import 32 ‖ index u32 ‖ shard u16 ‖ status u8 ‖ waiting u8 ‖ attempts u16 ‖ released u32 ‖ since u64 ‖
 * transaction 32, or zeros ‖ height u64: by hand, because one is made for every payment. Writes the 32 bytes of the leaf to `out` at `at`.
 */
export function disbursementLeafInto(
  d: DisbursementTable,
  n: number,
  imports: readonly Import[],
  executions: readonly Execution[],
  out: Uint8Array,
  at: number,
): void {
  d.copyId(n, scratch, 0);
  d.copyBodyHash(n, scratch, 32);
  const { digest } = imports[d.import[n] as number] as Import;
  if (digest !== importWritten) {
    importWritten = digest;
    scratch.write(digest, 64, 'hex');
  }
  scratch.writeUInt32BE(d.index[n] as number, 96);
  scratch.writeUInt16BE(d.shard[n] as number, 100);
  scratch[102] = d.status[n] as number;
  scratch[103] = d.waiting[n] as number;
  scratch.writeUInt16BE(d.attempts[n] as number, 104);
  scratch.writeUInt32BE(d.released[n] as number, 106);
  writeUint(d.since[n] as number, 110);
  const { transaction, height } = executions[(d.execution[n] as number) - 1] ?? NOT_PAID;
  if (transaction !== transactionWritten) {
    transactionWritten = transaction;
    scratch.write(transaction, 118, 'hex');
  }
  writeUint(height, 150);
  room.hashInto(LEAF_BYTES, out, at);
}

function writeUint(value: number, at: number): void {
  scratch.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  scratch.writeUInt32BE(value % 2 ** 32, at + 4);
}
