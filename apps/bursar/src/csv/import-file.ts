/** A CSV file as an import that is ready to sign; refused as a whole with every bad line. */
import { readFileSync, statSync } from 'node:fs';
import { type BuiltImport, buildImport } from '@bursar/client';
import { type AccountId, type Digest, disbursementId, type Genesis, treasuryAccount, treasuryId } from '@bursar/protocol';
import { messageOf, rejection } from '@bursar/shared-core';
import { usage } from '../errors.ts';
import { type LineProblem, type PaymentRow, readPayments } from './read-payments.ts';

export interface FileImport {
  readonly rows: readonly PaymentRow[];
  readonly built: BuiltImport;
}
export interface FileImportContext {
  readonly chain: Digest;
  readonly genesis: Genesis;
  readonly treasury: Digest;
  readonly proposer: AccountId;
  readonly firstNonce: bigint;
  /** What `+8s` counts from. */
  readonly nowMs: number;
  /** Whether a payment of an earlier import is in the ledger. */
  readonly isKnown: (id: Digest) => boolean;
}

/** Columns by the field names that `buildImport` uses. */
const COLUMN_OF: Readonly<Record<string, string>> = { destination: 'account' };

/** 100,000 payments of ordinary length fill a tenth of it. */
const MAX_FILE = 128 * 1024 * 1024;

export function readImportFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE) throw new Error(`it has ${size} bytes, at most ${MAX_FILE} are read; split it`);
    return readFileSync(path);
  } catch (e) {
    throw usage(`cannot read ${path}: ${messageOf(e)}`, 'Give the path of a CSV file that you may read.');
  }
}

/** Rows of the file. @throws CsvInvalid with every bad line */
export function paymentRows(path: string, bytes: Uint8Array, genesis: Genesis, nowMs: number): readonly PaymentRow[] {
  const read = readPayments(bytes, genesis.currency, nowMs);
  if (!read.ok) throw csvInvalid(path, read.problems);
  return read.rows;
}

/** Ids that the rows depend on and that the file does not hold: the caller asks the ledger for them. */
export function outsideDependencies(rows: readonly PaymentRow[], treasury: Digest): Digest[] {
  const inside = new Set(rows.map((r) => r.order.clientKey));
  const outside = new Set(rows.flatMap((r) => (r.order.dependsOn ?? []).filter((key) => !inside.has(key))));
  return [...outside].map((key) => disbursementId(treasury, key));
}

/** @throws CsvInvalid with every bad line: duplicates, missing dependencies, a cycle */
export function importOfRows(path: string, rows: readonly PaymentRow[], context: FileImportContext): FileImport {
  const { chain, genesis, treasury, proposer, firstNonce, isKnown } = context;
  const payments = rows.map((r) => r.order);
  const treasuryAccounts = genesis.treasuries.map((t) => treasuryAccount(treasuryId(t.name)));
  const at = (i: number): string => `line ${rows[i]?.line ?? 0}`;
  const built = buildImport({ chain, treasury, treasuryAccounts, proposer, firstNonce, payments, isKnown, at });
  if (built.ok) return { rows, built };
  const problems = built.violations.map(({ field, description, rejection: name }): LineProblem => {
    const [, line, column] = /^line (\d+)\.(\w+)$/.exec(field) ?? [];
    return {
      line: Number(line ?? 1),
      column: column === undefined ? undefined : (COLUMN_OF[column] ?? column),
      reason: description,
      remedy: REMEDY[name] ?? 'Correct the field.',
    };
  });
  throw csvInvalid(path, problems);
}

const REMEDY: Readonly<Record<string, string>> = {
  ClientKeyConflict: 'Remove one of the two lines, or give one a key of its own.',
  DependencyMissing: 'Correct the key, or add the payment that it names.',
  DependencyCycle: 'Take one of these dependencies out.',
};

function csvInvalid(path: string, problems: readonly LineProblem[]) {
  const lines = new Set(problems.map((p) => p.line)).size;
  return rejection('CsvInvalid', `${path}: ${lines} bad line${lines === 1 ? '' : 's'}; nothing was imported`, {
    violations: problems.map((p) => ({
      field: p.column === undefined ? `line ${p.line}` : `line ${p.line}, ${p.column}`,
      description: `${p.reason}. ${p.remedy}`,
    })),
    details: { file: path, lines: String(lines) },
  });
}
