/** The books after the stress: the audit of the honest validators' blocks, with what the load was told, and who stands convicted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditReport, audit as auditBlocks } from '../../apps/bursar/src/audit/audit.ts';
import { claimsOf, keptOf } from '../../apps/bursar/src/audit/network-input.ts';
import { connect } from '../../libs/client/src/index.ts';
import type { Digest } from '../../libs/protocol/src/index.ts';
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

export async function audit({ net, genesis, chain, liars, addresses }: StressNetwork, outcomes: readonly Outcome[]): Promise<Audit> {
  const honest = genesis.validators.flatMap((_, i) => (liars.includes(i) ? [] : [i]));
  const connection = connect(addresses);
  const accepted = outcomes.flatMap((o) => (o.ms === undefined && o.refused === undefined && o.accepted ? [o.id] : []));
  const done = outcomes.flatMap((o) => (o.ms === undefined ? [] : [o.id]));
  const executed = new Set<Digest>();
  const look = async (): Promise<AuditReport> => {
    await together(connection);
    const claims = await claimsOf({ connection, genesis });
    const onDone = (id: Digest): unknown => executed.add(id);
    return await auditBlocks({ genesis, chain, validators: keptOf(net.at, { genesis }, honest), claims, accepted, done, onDone });
  };
  try {
    let books = await look();
    for (const deadline = Date.now() + QUIET_MS; onlyWaits(books) && Date.now() < deadline; books = await look()) await sleep(1_000);
    const offences: Record<string, number> = {};
    for (const { kind } of books.offences) offences[kind] = (offences[kind] ?? 0) + 1;
    const problems = books.findings.map(({ property, height, what }) => `${property} at height ${height}: ${what}`);
    for (const { validator, kind } of books.offences)
      if (!liars.includes(validator)) problems.push(`validator ${validator} is honest and stands convicted of ${kind}`);
    const { height, stateRoot } = books;
    return { height, stateRoot, offences, executed: outcomes.filter((o) => executed.has(o.id)).length, problems };
  } catch (e) {
    return { height: 0, stateRoot: '', executed: 0, offences: {}, problems: [messageOf(e)] };
  } finally {
    connection.close();
  }
}

const onlyWaits = ({ counts }: AuditReport): boolean => Object.keys(counts).join() === 'accepted';

/** Waits until all are at one height: then the logs of none end before those of the others. @throws when they do not come to one */
async function together({ validators }: ReturnType<typeof connect>): Promise<void> {
  let last = '';
  for (const deadline = Date.now() + TOGETHER_MS; Date.now() < deadline; await sleep(50)) {
    const all = await Promise.all(validators.map((v) => v.ledger.getStatus({}, { timeoutMs: 2_000 }))).catch((e) => {
      last = messageOf(e);
      return [];
    });
    if (all.length === 0) continue;
    last = `heights ${all.map((s) => s.height).join(', ')}`;
    if (new Set(all.map((s) => s.height)).size === 1) return;
  }
  throw new Error(`the honest validators did not come to one height (${last})`);
}
