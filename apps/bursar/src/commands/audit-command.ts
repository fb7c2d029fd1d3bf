/** audit: a whole history recomputed from the blocks of its validators, apart from the program that made it. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Digest, isHex32 } from '@bursar/protocol';
import { EXIT, messageOf } from '@bursar/shared-core';
import { type AuditReport, audit, type Claim, isSound, type Kept } from '../audit/audit.ts';
import { properties } from '../audit/findings.ts';
import { claimsOf, keptIn, keptOf } from '../audit/network-input.ts';
import { layout } from '../devnet/layout.ts';
import { readNetworkFile } from '../devnet/network-file.ts';
import { usage } from '../errors.ts';
import { openSession, readGenesis } from '../operations/session.ts';
import { json, line, money, plural } from './output.ts';

export interface AuditOptions {
  readonly dir: string;
  readonly genesis?: string;
  readonly blocks?: readonly string[];
  readonly accepted?: string;
  readonly atRest?: boolean;
  readonly json?: boolean;
}

export async function auditCommand(options: AuditOptions): Promise<void> {
  if ((options.genesis === undefined) !== (options.blocks === undefined))
    throw usage('--genesis and --blocks belong together', 'Give a genesis that you trust and the data folder of at least one storage.');
  const { genesis, chain } = readGenesis(options.genesis ?? layout(options.dir).genesis);
  const accepted = options.accepted === undefined ? [] : idsIn(options.accepted);
  const { validators, claims } =
    options.blocks === undefined ? await ofNetwork(options.dir) : { validators: options.blocks.map(named), claims: [] };
  const report = await audit({ genesis, chain, validators, claims, accepted, atRest: options.atRest === true });
  if (options.json) json({ ...report, claims: claims.length });
  else sentences(report, claims, (units) => money(units, genesis.currency));
  if (!isSound(report)) process.exitCode = EXIT.safety;
}

const named = (folder: string, i: number): Kept => keptIn(`${i + 1}. ${basename(folder)}`, folder);

async function ofNetwork(dir: string): Promise<{ validators: Kept[]; claims: Claim[] }> {
  const at = layout(dir);
  const session = openSession(at.genesis, readNetworkFile(dir));
  try {
    const claims = await claimsOf(session);
    return { validators: keptOf(at, session), claims };
  } finally {
    session.connection.close();
  }
}

function idsIn(path: string): Digest[] {
  try {
    const ids = readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
    const bad = ids.find((text): boolean => !isHex32(text));
    if (bad !== undefined) throw new Error(`"${bad.slice(0, 80)}" is no id`);
    return ids;
  } catch (e) {
    throw usage(
      `cannot read the ids in ${path}: ${messageOf(e)}`,
      'Give a file with one transaction id a line, 64 hexadecimal digits each.',
    );
  }
}

function sentences(r: AuditReport, claims: readonly Claim[], amount: (units: bigint) => string): void {
  const names = Object.entries(r.heights);
  line(
    `Blocks      ${r.height}, of ${plural(names.length, 'validator')} (${names.map(([name, height]) => `${name}: ${height}`).join(', ')})`,
  );
  line(`Executed    ${plural(r.transactions, 'transaction')}; ${plural(r.payments, 'payment')} of ${amount(r.paid)}`);
  line(`Money       ${amount(r.supply)} in all accounts`);
  for (const [shard, l] of r.leases.entries())
    line(`Lease       shard ${shard}: epoch ${l.epoch}, ${plural(l.batches, 'batch', 'batches')}`);
  line(
    `Compared    ${claims.length === 0 ? 'no validator told of its books: only its blocks are judged' : plural(claims.length, 'statement')}`,
  );
  if (r.offences.length > 0) line(`Convicted   ${r.offences.map((o) => `validator ${o.validator} of ${o.kind}`).join(', ')}`);
  line(isSound(r) ? `\nNothing to find: ${Object.keys(properties).length} properties hold.` : `\n${plural(r.findings.length, 'finding')}:`);
  for (const { property, height, what } of r.findings) line(`  ${property}${height > 0 ? ` at height ${height}` : ''}: ${what}`);
  for (const [property, n] of Object.entries(r.counts))
    line(`  ${property}, ${n} in all: it does not hold that ${properties[property as keyof typeof properties]}`);
}
