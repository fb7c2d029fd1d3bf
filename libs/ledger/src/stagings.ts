/** Imports that are not sealed: chunks are kept by import and proposer, so that nobody can spoil another's import. */
import { type Digest, type Hex32, type RejectionName, ZERO_DIGEST } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import type { Import, Refusal, Staging, Treasury } from './entities.ts';
import type { State } from './state.ts';
import { noCounts } from './status.ts';

const keyOf = (treasury: Treasury, digest: Digest, proposer: Hex32): string => treasury.id + digest + proposer;

export const findStaging = (s: State, treasury: Treasury, digest: Digest, proposer: Hex32): Staging | undefined =>
  s.stagings.get(keyOf(treasury, digest, proposer));

/** Finds or opens. ImportTooLarge: too many are open. */
export function openStaging(s: State, treasury: Treasury, digest: Digest, proposer: Hex32): Staging | RejectionName {
  const known = findStaging(s, treasury, digest, proposer);
  if (known) return known;
  if (s.stagings.size >= bounds.openImports || openOf(s, proposer).count >= bounds.openImportsPerProposer) return 'ImportTooLarge';
  const imported = s.findImport(treasury.id, digest) ?? newImport(s, treasury, digest, proposer);
  if (imported.state === 'refused') {
    imported.state = 'open';
    imported.proposer = proposer;
    imported.refusal = undefined;
  }
  const made: Staging = {
    key: keyOf(treasury, digest, proposer),
    import: imported,
    proposer,
    openedAt: s.time,
    chunks: new Map(),
    maxIndex: -1,
    items: 0,
    bytes: 0,
    digest: ZERO_DIGEST,
  };
  s.stagings.set(made.key, made);
  imported.stagings.set(proposer, made);
  s.touchImport(imported);
  return made;
}

/** How many imports a proposer has open, and their bytes. Walks at most `bounds.openImports`. */
export function openOf(s: State, proposer: Hex32): { count: number; bytes: number } {
  const sum = { count: 0, bytes: 0 };
  for (const staging of s.stagings.values()) {
    if (staging.proposer !== proposer) continue;
    sum.count += 1;
    sum.bytes += staging.bytes;
  }
  return sum;
}

export function dropStaging(s: State, staging: Staging): void {
  s.stagings.delete(staging.key);
  staging.import.stagings.delete(staging.proposer);
  s.stagedBytes -= staging.bytes;
  s.touchImport(staging.import);
}

/** Frees the chunks. The import stays open while somebody else's chunks of it do. */
export function refuse(s: State, staging: Staging, refusal: Refusal): void {
  const imported = staging.import;
  dropStaging(s, staging);
  imported.refusal = refusal;
  const other = imported.stagings.values().next().value;
  if (other === undefined) imported.state = 'refused';
  else if (imported.proposer === staging.proposer) imported.proposer = other.proposer;
}

/** Refuses what was left open for too long. They stand in the order of their opening, so the first one in time ends it. */
export function expireStagings(s: State): void {
  for (const staging of s.stagings.values()) {
    if (staging.openedAt + bounds.openImportMs > s.time) return;
    refuse(s, staging, { reason: 'ImportIncomplete' });
  }
}

function newImport(s: State, treasury: Treasury, digest: Digest, proposer: Hex32): Import {
  const made: Import = {
    number: s.imports.length,
    digest,
    treasury,
    proposer,
    state: 'open',
    stagings: new Map(),
    chunks: 0,
    items: new Uint32Array(0),
    replayed: 0,
    elsewhere: 0,
    total: 0n,
    approvals: new Set(),
    least: 0n,
    most: 0n,
    approved: undefined,
    sealedAt: 0,
    activated: 0,
    since: 0,
    refusal: undefined,
    counts: noCounts(),
    slot: s.tree.newSlot(),
    dirty: false,
  };
  s.addImport(made);
  return made;
}
