/** What approvers sign and executors pay (docs/treasury.md; docs/protocol.md, "Disbursements"). */
import { PAYEE_TEXT } from './change.ts';
import { type Codec, type Decoded, encode } from './codec.ts';
import { checkedLength, hex32, list, optional, skipText, struct, text, u32, u64, uint, word } from './codecs.ts';
import { digest, digestOf, hash } from './hash.ts';
import { type Digest, ZERO_DIGEST } from './hex.ts';
import { limits } from './limits.ts';

export const lane = word('consumer', 'industrial');
export type Lane = Decoded<typeof lane>;

export const disbursementBody = struct({
  treasury: hex32,
  /** The payer's own key for this payment; used once for ever. */
  clientKey: text(limits.clientKey),
  /** Account that receives. */
  destination: hex32,
  /** Base units, more than zero. */
  amount: u64,
  lane,
  /** Earliest ledger time, milliseconds since 1970; 0 = at once. */
  notBefore: uint,
  /** Ids of disbursements that must be executed first: strictly ascending, hence without duplicates. */
  dependsOn: list(hex32, limits.dependencies),
  memo: text(limits.memo),
  /** The payee of the directory that `destination` is the account of, as of that version: another version holds the payment. */
  payee: optional(struct({ name: text(PAYEE_TEXT.name), version: u32 })),
  /** How the receiver will tell what the payment is for: what each reference is to get; together the amount, or none. */
  expectedReceipts: list(struct({ reference: text(PAYEE_TEXT.reference), amount: u64 }), limits.expectedReceipts),
  /** 0 for a new payment; one more each time that its proposer replaces the body before it is paid, which needs its approvals anew. */
  revision: u32,
  /** Id of an executed payment to this treasury that this one pays back, in whole or in part. */
  reverses: optional(hex32),
});
export type DisbursementBody = Decoded<typeof disbursementBody>;

/** The end of a body of which nothing is asked but that it is paid: all fields behind the memo. */
export const PLAIN_END: Uint8Array = encode(disbursementBody, {
  treasury: ZERO_DIGEST,
  clientKey: '',
  destination: ZERO_DIGEST,
  amount: 0n,
  lane: 'consumer',
  notBefore: 0,
  dependsOn: [],
  memo: '',
  payee: undefined,
  expectedReceipts: [],
  revision: 0,
  reverses: undefined,
}).subarray(32 + 4 + 32 + 8 + 1 + 8 + 4 + 4);

/** A canonical body that was checked as its codec checks it and stays bytes, a view of what was read. */
export const packedBody: Codec<Uint8Array> = {
  write: (w, v) => w.raw(v),
  read: (r) => {
    const from = r.at;
    r.skip(32);
    skipText(r, limits.clientKey);
    r.skip(32 + 8);
    lane.read(r);
    r.uint();
    r.skip(checkedLength(r, limits.dependencies, 'list') * 32);
    skipText(r, limits.memo);
    if (!r.skipOver(PLAIN_END)) {
      r.back(from);
      disbursementBody.read(r);
    }
    return r.viewSince(from);
  },
};

const utf8 = new TextEncoder();
const raw = (id: string): Uint8Array => Buffer.from(id, 'hex');

export const disbursementId = (treasury: Digest, clientKey: string): Digest =>
  digest('bursar/disbursement', raw(treasury), utf8.encode(clientKey));
export const bodyHash = (body: DisbursementBody): Digest => digestOf('bursar/body', disbursementBody, body);
/** Leaf of an import's tree, 32 bytes. */
export const importLeaf = (id: Digest, body: Digest): Uint8Array => hash('bursar/import-item', raw(id), raw(body));
/** What an approval approves: the root over the import's items, which binds their count, and the treasury. */
export const importDigest = (treasury: Digest, root: Uint8Array): Digest => digest('bursar/import', raw(treasury), root);
