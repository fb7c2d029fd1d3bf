/** A statement of an account: what moved it in a period, between two balances that add up. */
import type { Connection } from '@bursar/client';
import { type AccountId, type Digest, fromHex, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { rejection } from '@bursar/shared-core';
import { usage } from '../errors.ts';

export interface Entry {
  /** Among all postings of the account, from 1. */
  readonly number: number;
  readonly height: number;
  /** Place among the results of the block. */
  readonly index: number;
  /** Ledger time, milliseconds. */
  readonly timeMs: number;
  readonly credit: boolean;
  /** Base units. */
  readonly amount: bigint;
  /** After it. */
  readonly balance: bigint;
  readonly counterparty: AccountId;
  readonly transaction: Digest;
  readonly memo: string;
  /** Of a payment of a treasury; a transfer has none. */
  readonly payment: { readonly disbursement: Digest; readonly import: Digest; readonly clientKey: string } | undefined;
}
export interface Statement {
  readonly account: AccountId;
  /** Ledger times, milliseconds: entries from the one on and before the other. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly opening: bigint;
  readonly closing: bigint;
  readonly entries: readonly Entry[];
  /** Newest block of the ledger that was asked, and its time. */
  readonly height: number;
  readonly timeMs: number;
}

const PAGE = 1_000;
/** About 100 MB in memory. */
const MAX_ENTRIES = 200_000;

/**
 * All postings of [from, until), as of the block that answers first: later ones are left out, so that pages fit together.
 * @throws UnknownAccount; StatementInvalid when it does not add up; FieldInvalid for more than 200,000 entries
 */
export async function fetchStatement(
  connection: Connection,
  account: AccountId,
  fromMs: number,
  wantedUntilMs: number,
): Promise<Statement> {
  const ask = (until: number, pageToken: string) =>
    connection.read((l) =>
      l.listPostings({ account: fromHex(account), fromMs: BigInt(fromMs), untilMs: BigInt(until), pageSize: PAGE, pageToken }),
    );
  const first = await ask(wantedUntilMs, '');
  connection.saw(Number(first.height)); // a ledger that is behind would end the statement early
  const timeMs = Number(first.timeMs);
  const isOpen = wantedUntilMs > timeMs;
  const untilMs = Math.max(fromMs, isOpen ? timeMs + 1 : wantedUntilMs);
  const entries: Entry[] = [];
  for (let page = first; ; page = await ask(untilMs, page.nextPageToken)) {
    for (const posting of page.postings) entries.push(entryOf(posting));
    if (page.nextPageToken === '') break;
    if (page.postings.length === 0) throw rejection('StatementInvalid', 'a page without entries names another page');
    if (entries.length >= MAX_ENTRIES)
      throw usage(`the period has more than ${MAX_ENTRIES} entries`, 'Ask for a shorter period with --from and --to.');
  }
  const statement = { account, fromMs, untilMs, opening: first.opening, entries, height: Number(first.height), timeMs };
  // What the ledger says of the account beside the list: its balance now, or the one that what follows the period begins with.
  const closing = isOpen
    ? first.balance
    : (
        await connection.read((l) =>
          l.listPostings({ account: fromHex(account), fromMs: BigInt(untilMs), untilMs: 0n, pageSize: 1, pageToken: '' }),
        )
      ).opening;
  const made = { ...statement, closing };
  const wrong = statementProblem(made);
  if (wrong) throw rejection('StatementInvalid', wrong);
  return made;
}

/** What does not add up; undefined when all does. */
export function statementProblem({ fromMs, untilMs, opening, closing, entries }: Statement): string | undefined {
  let [balance, number, timeMs] = [opening, entries[0]?.number ?? 0, fromMs];
  for (const e of entries) {
    balance += e.credit ? e.amount : -e.amount;
    if (e.amount <= 0n || balance !== e.balance) return `entry ${e.number} leaves ${balance}, the ledger says ${e.balance}`;
    if (e.number !== number) return `entry ${number} is missing`;
    if (e.timeMs < timeMs || e.timeMs >= untilMs) return `entry ${e.number} is not in its place of the period`;
    number += 1;
    timeMs = e.timeMs;
  }
  return balance === closing ? undefined : `the entries lead to ${balance}, the balance is ${closing}`;
}

const entryOf = (p: ledger.Posting): Entry => ({
  number: Number(p.number),
  height: Number(p.height),
  index: p.index,
  timeMs: Number(p.timeMs),
  credit: p.credit,
  amount: p.amount,
  balance: p.balance,
  counterparty: toHex(p.counterparty),
  transaction: toHex(p.transactionId),
  memo: p.memo,
  payment: p.payment && { disbursement: toHex(p.payment.disbursement), import: toHex(p.payment.import), clientKey: p.payment.clientKey },
});

export interface Totals {
  readonly credits: number;
  readonly credited: bigint;
  readonly debits: number;
  readonly debited: bigint;
}
export function totalsOf(entries: readonly Entry[]): Totals {
  let [credits, credited, debits, debited] = [0, 0n, 0, 0n];
  for (const { credit, amount } of entries) {
    if (credit) [credits, credited] = [credits + 1, credited + amount];
    else [debits, debited] = [debits + 1, debited + amount];
  }
  return { credits, credited, debits, debited };
}
