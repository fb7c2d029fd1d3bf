/** The books after the stress: every honest validator the same, every transfer once, every cent there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type LedgerClient } from '../../libs/client/src/index.ts';
import { verify } from '../../libs/crypto/src/index.ts';
import { checkEvidence, type Digest, decode, evidence, fromHex, result, toHex } from '../../libs/protocol/src/index.ts';
import { messageOf } from '../../libs/shared-core/src/index.ts';
import type { Outcome } from './load.ts';
import type { StressNetwork } from './network.ts';

export interface Audit {
  readonly height: number;
  readonly stateRoot: string;
  /** Executed in a final block, once. */
  readonly executed: number;
  /** Offences that stand in blocks, each proved by two signed messages and checked here again, by kind (K6). */
  readonly offences: Readonly<Record<string, number>>;
  /** Sentences about what does not add up. */
  readonly problems: readonly string[];
}
const TOGETHER_MS = 30_000;
/** So long after the last transfer, what was accepted may still be on its way. */
const QUIET_MS = 60_000;
/** Pages of a hundred that are read; the ledger keeps no more of one validator than a bound of its own. */
const MOST_PAGES = 100;

export async function audit({ genesis, chain, liars, addresses }: StressNetwork, outcomes: readonly Outcome[]): Promise<Audit> {
  const connection = connect(addresses);
  try {
    const ledgers = connection.validators.map((v) => v.ledger);
    const supply = genesis.accounts.reduce((sum, a) => sum + a.balance, 0n);
    const unknown = outcomes.filter((o) => o.ms === undefined && o.refused === undefined && o.accepted);
    const look = async () => {
      const compared = await compare(ledgers, supply);
      const executed = await countExecutions(ledgers[0] as LedgerClient, compared.height);
      return { ...compared, executed, lost: unknown.filter((o) => !executed.has(o.id)) };
    };
    let books = await look();
    for (const deadline = Date.now() + QUIET_MS; books.lost.length > 0 && Date.now() < deadline; books = await look()) await sleep(1_000);
    const { height, stateRoot, problems, executed, lost } = books;
    const twice = [...executed].filter(([, n]) => n > 1);
    if (twice.length > 0) problems.push(`${twice.length} transactions were executed more than once, one of them ${twice[0]?.[0]}`);
    const told = outcomes.filter((o) => o.ms !== undefined);
    const missing = told.filter((o) => !executed.get(o.id));
    if (missing.length > 0)
      problems.push(`${missing.length} transfers were reported final and stand in no block, one of them ${missing[0]?.id}`);
    if (lost.length > 0) problems.push(`${lost.length} transfers were accepted and stand in no block, one of them ${lost[0]?.id}`);
    const offences = await convictions(ledgers[0] as LedgerClient, { genesis, chain, liars, problems });
    return { height, stateRoot, offences, executed: outcomes.filter((o) => executed.get(o.id)).length, problems };
  } finally {
    connection.close();
  }
}

/** Waits until all are at one height, and compares roots and supply there. */
async function compare(
  ledgers: readonly LedgerClient[],
  supply: bigint,
): Promise<{ height: number; stateRoot: string; problems: string[] }> {
  let last = '';
  for (const deadline = Date.now() + TOGETHER_MS; Date.now() < deadline; await sleep(50)) {
    const all = await Promise.all(ledgers.map((l) => l.getStatus({}, { timeoutMs: 2_000 }))).catch((e) => {
      last = messageOf(e);
      return [];
    });
    const [first] = all;
    if (!first) continue;
    last = `heights ${all.map((s) => s.height).join(', ')}`;
    if (all.some((s) => s.height !== first.height)) continue;
    const roots = new Set(all.map((s) => toHex(s.stateRoot)));
    const problems: string[] = [];
    if (roots.size > 1) problems.push(`at height ${first.height} the honest validators hold ${roots.size} different states`);
    for (const [i, s] of all.entries())
      if (s.supply !== supply) problems.push(`honest validator ${i} holds ${s.supply} of ${supply} base units`);
    return { height: Number(first.height), stateRoot: toHex(first.stateRoot), problems };
  }
  return { height: 0, stateRoot: '', problems: [`the honest validators did not come to one height (${last})`] };
}

/** Transactions in blocks, by how often they used up their nonce: 0 for one that was refused, because one before it had not come. */
async function countExecutions(ledger: LedgerClient, height: number): Promise<Map<Digest, number>> {
  const executed = new Map<Digest, number>();
  if (height === 0) return executed;
  const request = { fromHeight: 1n, follow: false, results: true };
  for await (const { block, results } of ledger.streamBlocks(request, { timeoutMs: 120_000 })) {
    for (const bytes of results) {
      const r = decode(result, bytes);
      if (r.kind === 'transaction') executed.set(r.transaction, (executed.get(r.transaction) ?? 0) + (r.consumed ? 1 : 0));
    }
    if (Number(block?.height) >= height) break;
  }
  return executed;
}

/** Evidence in blocks must prove what it says, to anybody, and only of those that lied. */
async function convictions(
  ledger: LedgerClient,
  { genesis, chain, liars, problems }: Pick<StressNetwork, 'genesis' | 'chain' | 'liars'> & { problems: string[] },
): Promise<Record<string, number>> {
  const keys = genesis.validators.map((v) => fromHex(v.publicKey));
  const context = { chain, epoch: 0, publicKey: (validator: number) => keys[validator], verify };
  const offences: Record<string, number> = {};
  let pageToken = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const { evidence: found, nextPageToken } = await ledger.listEvidence({ pageToken });
    for (const { validator, kind, canonical } of found) {
      offences[kind] = (offences[kind] ?? 0) + 1;
      if (!liars.includes(validator)) problems.push(`validator ${validator} is honest and stands convicted of ${kind}`);
      if (checkEvidence(decode(evidence, canonical), context) !== kind)
        problems.push(`evidence in a block does not prove ${kind} of validator ${validator}`);
    }
    pageToken = nextPageToken;
    if (pageToken === '') break;
  }
  return offences;
}
