/** A payment as its payer writes it, and the rules that one payment alone can break. */
import { isAcceptablePublicKey } from '@bursar/crypto';
import { type AccountId, type Digest, fromHex, isHex32, type Lane, limits, MAX_AMOUNT } from '@bursar/protocol';
import type { FieldViolation } from '@bursar/shared-core';
import { dependenciesOf, MEMO_BYTES } from './memo.ts';

export interface PaymentOrder {
  /** The payer's own key, used once for ever: 1 to 128 bytes. */
  readonly clientKey: string;
  readonly destination: AccountId;
  /** Base units, 1 to 2^64 − 1. */
  readonly amount: bigint;
  /** Default consumer. */
  readonly lane?: Lane;
  /** Earliest ledger time, ms since 1970; default 0 = at once. */
  readonly notBefore?: number;
  /** Client keys of payments of the same treasury that must be executed first; repeats count once. */
  readonly dependsOn?: readonly string[];
  /** At most 8,192 bytes, of which the ledger keeps the first 1,024; it may hint at dependencies when there are no explicit ones. */
  readonly memo?: string;
  /** The payee that it is made out to and the version of it; `destination` is its account. */
  readonly payee?: { readonly name: string; readonly version: number };
  /** What the receiver will match it with; together the amount. At most 100. */
  readonly expectedReceipts?: readonly { readonly reference: string; readonly amount: bigint }[];
  /** 0, the default, for a new payment; one more than before to replace the body of one that was not paid yet. */
  readonly revision?: number;
  /** Id of the executed payment to this treasury that it pays back. */
  readonly reverses?: Digest;
}

const LANES: readonly string[] = ['consumer', 'industrial'];

/** Characters that nobody sees: controls, formatting, line and paragraph ends. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Why `key` can be no client key; undefined when it can. Two keys that look the same would pay twice what people mean once. */
export function clientKeyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string' || key.length === 0) return 'is empty; give each payment a key of its own';
  if (!key.isWellFormed()) return 'holds half a character (a lone surrogate)';
  if (Buffer.byteLength(key) > limits.clientKey) return `has ${Buffer.byteLength(key)} bytes; at most ${limits.clientKey} are allowed`;
  const hidden = INVISIBLE.exec(key)?.[0].codePointAt(0);
  if (hidden !== undefined) return `holds a character that nobody sees (U+${hidden.toString(16).toUpperCase().padStart(4, '0')})`;
  if (key !== key.trim()) return 'begins or ends with a space';
  if (key !== key.normalize('NFC')) return 'is not in normal form (NFC): the same letters can be written in other bytes';
  return undefined;
}

/**
 * Every rule that this order breaks by itself; `at` is its path, for instance `payments[3]`.
 * @param payable accounts that may be paid, whether a key owns them (treasuries' are owned by none) or was looked at before; what is found to be one is added
 */
export function* orderViolations(at: string, order: PaymentOrder, payable: Set<AccountId>): Generator<FieldViolation> {
  const key = clientKeyProblem(order.clientKey);
  if (key) yield { field: `${at}.client_key`, description: key };
  if (!isPayable(order.destination, payable))
    yield { field: `${at}.destination`, description: 'is no account that a key can own, nor that of a treasury; check it with the payee' };
  if (typeof order.amount !== 'bigint' || order.amount < 1n || order.amount > MAX_AMOUNT)
    yield { field: `${at}.amount`, description: 'must be 1 to 2^64 - 1 base units' };
  if (order.lane !== undefined && !LANES.includes(order.lane))
    yield { field: `${at}.lane`, description: `must be one of ${LANES.join(', ')}` };
  if (order.notBefore !== undefined && !(Number.isSafeInteger(order.notBefore) && order.notBefore >= 0))
    yield { field: `${at}.not_before`, description: 'must be milliseconds since 1970, or 0 for at once' };
  const memo = order.memo ?? '';
  if (!memo.isWellFormed()) yield { field: `${at}.memo`, description: 'holds half a character (a lone surrogate)' };
  else if (Buffer.byteLength(memo) > MEMO_BYTES)
    yield { field: `${at}.memo`, description: `has ${Buffer.byteLength(memo)} bytes; at most ${MEMO_BYTES} are allowed` };
  const dependencies = dependenciesOf(order);
  const count = new Set(dependencies).size;
  if (count > limits.dependencies)
    yield { field: `${at}.depends_on`, description: `names ${count} payments; at most ${limits.dependencies} are allowed` };
  for (const dependency of dependencies) {
    const problem = clientKeyProblem(dependency);
    if (problem) yield { field: `${at}.depends_on`, description: `a client key ${problem}` };
  }
}

/** What is paid to an account that nobody can sign for is lost. Looking at a key takes longer than all the rest of an order. */
function isPayable(account: AccountId, payable: Set<AccountId>): boolean {
  if (payable.has(account)) return true;
  if (typeof account !== 'string' || !isHex32(account) || !isAcceptablePublicKey(fromHex(account))) return false;
  payable.add(account);
  return true;
}
