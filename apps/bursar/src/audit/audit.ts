/**
 * Recomputes a whole history from final blocks and nothing else (docs/testing.md, "The audit"): every certificate, signature, result,
 * receipt and balance. It shares formats with the ledger and no line of what executes (docs/decisions).
 */
import { type Digest, equalBytes, type Genesis, headerDigest } from '@bursar/protocol';
import { messageOf } from '@bursar/shared-core';
import { batchesOf, type KeptBlock, resultsOf } from './block-record.ts';
import { ChainCheck } from './chain-check.ts';
import { type Finding, Findings, type Property } from './findings.ts';
import { History } from './history.ts';
import type { World } from './model/world.ts';

/** One validator's blocks, from height 1 on. */
export interface Kept {
  readonly name: string;
  readonly blocks: AsyncIterable<KeptBlock>;
}
/** What a validator told of its books after a height; it is held against the blocks up to there. */
export interface Claim {
  readonly name: string;
  readonly height: number;
  /** After that block. */
  readonly stateRoot?: Digest;
  readonly supply?: bigint;
  readonly payments?: number;
  readonly balances?: ReadonlyMap<string, bigint>;
  /** By treasury. */
  readonly totalPaid?: ReadonlyMap<Digest, bigint>;
}
export interface AuditInput {
  readonly genesis: Genesis;
  readonly chain: Digest;
  readonly validators: readonly Kept[];
  readonly claims?: readonly Claim[];
  /** Ids of transactions that a validator said it has taken: each stands in a block. */
  readonly accepted?: Iterable<Digest>;
  /** Ids of transactions that were reported done. */
  readonly done?: Iterable<Digest>;
  /** True: nothing is under way any more, so what may be paid is paid. */
  readonly atRest?: boolean;
  /** Told of each transaction that is done, at the end. */
  readonly onDone?: (id: Digest) => void;
}
export interface AuditReport {
  readonly height: number;
  readonly stateRoot: Digest;
  /** Of each validator. */
  readonly heights: Readonly<Record<string, number>>;
  readonly transactions: number;
  readonly payments: number;
  /** Base units. */
  readonly paid: bigint;
  readonly supply: bigint;
  /** By shard. */
  readonly leases: readonly { readonly epoch: bigint; readonly batches: number }[];
  readonly offences: readonly { readonly validator: number; readonly kind: string }[];
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Partial<Record<Property, number>>>;
}

export async function audit(input: AuditInput): Promise<AuditReport> {
  const { genesis, chain } = input;
  const findings = new Findings();
  const history = new History(genesis, chain, findings);
  const readers = input.validators.map((v) => ({
    name: v.name,
    blocks: v.blocks[Symbol.asyncIterator](),
    check: new ChainCheck(genesis, chain),
  }));
  const claims = Map.groupBy(input.claims ?? [], (c) => c.height);
  const heights: Record<string, number> = Object.fromEntries(readers.map((r) => [r.name, 0]));
  let tip: KeptBlock | undefined;
  for (let height = 1; readers.length > 0; height++) {
    let first: (typeof readers)[number] | undefined;
    let block: KeptBlock | undefined;
    for (const reader of [...readers]) {
      const kept = await nextOf(reader, height, findings);
      if (kept === undefined) {
        readers.splice(readers.indexOf(reader), 1);
        continue;
      }
      heights[reader.name] = height;
      for (const what of checked(reader.check, kept)) findings.add('chain', height, `${reader.name}: ${what}`);
      if (block === undefined || first === undefined) [first, block] = [reader, kept];
      else
        for (const what of differences(block, kept)) findings.add('agreement', height, `${reader.name} and ${first.name} differ: ${what}`);
    }
    if (block === undefined) break;
    tip = block;
    replay(history, height, block, findings);
    for (const claim of claims.get(height) ?? []) compare(claim, history.world, block, findings);
  }
  const { world } = history;
  for (const [height, late] of claims)
    if (height > world.height)
      for (const { name } of late) findings.add('log', height, `${name} told of height ${height}, which no log holds`);
  close(input, history, findings);
  if (input.onDone) for (const [id, isDone] of history.transactions) if (isDone) input.onDone(id);
  return {
    height: world.height,
    stateRoot: tip?.stateRoot ?? chain,
    heights,
    transactions: history.transactions.size,
    payments: world.payments,
    paid: history.credits,
    supply: world.supply,
    leases: world.leases.map((l) => ({ epoch: l.epoch, batches: l.executed.length })),
    offences: history.offences,
    findings: findings.list,
    counts: Object.fromEntries(findings.counts),
  };
}

async function nextOf(reader: { name: string; blocks: AsyncIterator<KeptBlock> }, height: number, findings: Findings) {
  try {
    const { done, value } = await reader.blocks.next();
    return done ? undefined : value;
  } catch (e) {
    findings.add('log', height, `${reader.name}: ${messageOf(e)}`);
    return undefined;
  }
}

function* checked(check: ChainCheck, kept: KeptBlock): Generator<string> {
  try {
    yield* check.problems(kept);
  } catch (e) {
    yield `it cannot be read: ${messageOf(e)}`;
  }
}

function* differences(a: KeptBlock, b: KeptBlock): Generator<string> {
  if (headerDigest(a.block.header) !== headerDigest(b.block.header)) yield 'the blocks';
  if (a.stateRoot !== b.stateRoot) yield 'the state roots';
  const [x, y] = [a.raw.results, b.raw.results];
  if (a.resultsRoot !== b.resultsRoot || x.length !== y.length || x.some((r, i) => !equalBytes(r, y[i] as Uint8Array))) yield 'the results';
}

function replay(history: History, height: number, kept: KeptBlock, findings: Findings): void {
  try {
    history.apply(height, kept.block.header.time, batchesOf(kept), resultsOf(kept));
  } catch (e) {
    findings.add('chain', height, `its bodies or results cannot be read: ${messageOf(e)}`);
  }
}

function compare(claim: Claim, world: World, { stateRoot }: KeptBlock, findings: Findings): void {
  const { name, height } = claim;
  const say = (property: Property, what: string) => findings.add(property, height, `${name} tells ${what}`);
  if (claim.stateRoot !== undefined && claim.stateRoot !== stateRoot)
    say('agreement', `state root ${claim.stateRoot}, the blocks ${stateRoot}`);
  if (claim.supply !== undefined && claim.supply !== world.supply) say('supply', `a supply of ${claim.supply}, the blocks ${world.supply}`);
  if (claim.payments !== undefined && claim.payments !== world.payments)
    say('books', `${claim.payments} payments, the blocks ${world.payments}`);
  for (const [id, has] of claim.balances ?? []) {
    const due = world.accounts.get(id)?.balance ?? 0n;
    if (has !== due) say('books', `a balance of ${has} of account ${id}, the blocks ${due}`);
  }
  for (const [id, paid] of claim.totalPaid ?? []) {
    const due = world.treasuries.get(id)?.totalPaid ?? 0n;
    if (paid !== due) say('books', `${paid} paid by treasury ${id}, the blocks ${due}`);
  }
}

function close({ genesis, accepted = [], done = [], atRest = false }: AuditInput, history: History, findings: Findings): void {
  const supply = genesis.accounts.reduce((sum, a) => sum + a.balance, 0n);
  const { world, debits, credits, transactions } = history;
  if (world.supply !== supply) findings.add('supply', 0, `the genesis has ${supply}, the accounts sum to ${world.supply}`);
  if (debits !== credits) findings.add('supply', 0, `payments of ${debits} were executed, the receipts sum to ${credits}`);
  const spent = world.treasuries.values().reduce((sum, t) => sum + t.totalPaid, 0n);
  if (spent !== credits) findings.add('supply', 0, `the bodies that were paid sum to ${spent}, the receipts to ${credits}`);
  for (const [id, { balance }] of world.accounts) if (balance < 0n) findings.add('funds', 0, `account ${id} has ${balance}`);
  for (const id of accepted)
    if (!transactions.has(id)) findings.add('accepted', 0, `transaction ${id} was accepted and stands in no block`);
  for (const id of done) if (transactions.get(id) !== true) findings.add('accepted', 0, `transaction ${id} was reported done and is not`);
  if (atRest) history.finish();
}

export const isSound = ({ findings }: AuditReport): boolean => findings.length === 0;
