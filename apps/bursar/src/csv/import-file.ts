/** A CSV or pain.001 file as an import that is ready to sign; refused as a whole with every bad line. */
import { readFileSync, statSync } from 'node:fs';
import { type BuiltImport, buildImport, dependenciesOf } from '@bursar/client';
import {
  type AccountId,
  type Digest,
  disbursementId,
  type Genesis,
  type RejectionName,
  rejections,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { messageOf, reasonOf, rejection } from '@bursar/shared-core';
import { usage } from '../errors.ts';
import type { ResolveAccount } from '../iso20022/accounts.ts';
import { readPain001 } from '../iso20022/pain001.ts';
import type { OriginalMessage, RefusedMessage } from '../iso20022/pain001-message.ts';
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

/** Columns by the field names that `buildImport` uses; elements of pain.001 by the same. */
const COLUMN_OF: Readonly<Record<string, string>> = { destination: 'account' };
const ELEMENT_OF: Readonly<Record<string, string>> = {
  client_key: 'PmtId/EndToEndId',
  destination: 'CdtrAcct',
  amount: 'Amt',
  memo: 'RmtInf',
};

/** 100,000 payments of ordinary length fill a tenth of it. */
const MAX_FILE = 128 * 1024 * 1024;

export function readImportFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE) throw new Error(`it has ${size} bytes, at most ${MAX_FILE} are read; split it`);
    return readFileSync(path);
  } catch (e) {
    throw usage(`cannot read ${path}: ${messageOf(e)}`, 'Give the path of a CSV or pain.001 file that you may read.');
  }
}

export interface PaymentFile {
  readonly rows: readonly PaymentRow[];
  /** What a pain.001 file says of itself; undefined of CSV. */
  readonly message: OriginalMessage | undefined;
}
export interface PaymentFileContext {
  readonly genesis: Genesis;
  /** Name of the treasury that pays. */
  readonly treasury: string;
  readonly nowMs: number;
  /** What references and names of payees stand for; undefined: the accounts of a pain.001 file are not looked at. */
  readonly resolve: ResolveAccount | undefined;
}

/** What begins as XML is read as pain.001, everything else as CSV. @throws CsvInvalid or PaymentFileInvalid with every bad line */
export function readPaymentFile(path: string, bytes: Uint8Array, context: PaymentFileContext): PaymentFile {
  const { genesis, treasury, nowMs, resolve } = context;
  if (!isXml(bytes)) {
    const read = readPayments(bytes, genesis.currency, nowMs, resolve);
    if (!read.ok) throw fileInvalid(path, 'CsvInvalid', read.problems);
    return { rows: read.rows, message: undefined };
  }
  const names = genesis.treasuries.map((t) => t.name);
  const read = readPain001(bytes, {
    currency: genesis.currency,
    treasury: { name: treasury, account: treasuryAccount(treasuryId(treasury)) },
    otherTreasuries: names.filter((name) => name !== treasury),
    nowMs,
    resolve,
  });
  if (!read.ok) throw fileInvalid(path, 'PaymentFileInvalid', read.problems, read.message);
  return read;
}

const BOM = [0xef, 0xbb, 0xbf];
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** Begins with `<`, a byte order mark and blanks before it aside. */
export function isXml(bytes: Uint8Array): boolean {
  let at = BOM.every((b, i) => bytes[i] === b) ? BOM.length : 0;
  while (BLANK.has(bytes[at] ?? 0)) at++;
  return bytes[at] === 0x3c;
}

/** Ids that the rows depend on and that the file does not hold: the caller asks the ledger for them. */
export function outsideDependencies(rows: readonly PaymentRow[], treasury: Digest): Digest[] {
  const inside = new Set(rows.map((r) => r.order.clientKey));
  const outside = new Set(rows.flatMap((r) => dependenciesOf(r.order).filter((key) => !inside.has(key))));
  return [...outside].map((key) => disbursementId(treasury, key));
}

/** @throws CsvInvalid or PaymentFileInvalid with every bad line: duplicates, missing dependencies, a cycle */
export function importOfRows(path: string, rows: readonly PaymentRow[], context: FileImportContext): FileImport {
  const { chain, genesis, treasury, proposer, firstNonce, isKnown } = context;
  const payments = rows.map((r) => r.order);
  const treasuryAccounts = genesis.treasuries.map((t) => treasuryAccount(treasuryId(t.name)));
  const isIso = rows[0]?.lines !== undefined;
  const at = (i: number): string => `line ${rows[i]?.line ?? 0}${isIso ? ` CdtTrfTxInf[${i + 1}]` : ''}`;
  const built = buildImport({ chain, treasury, treasuryAccounts, proposer, firstNonce, payments, isKnown, at });
  if (built.ok) return { rows, built };
  const problems = built.violations.map(({ field, description, rejection: name }): LineProblem => {
    const [, line = '1', payment, column] = /^line (\d+)(?: CdtTrfTxInf\[(\d+)\])?\.(\w+)$/.exec(field) ?? [];
    const row = payment === undefined ? undefined : rows[Number(payment) - 1];
    return {
      line: row?.lines?.[column ?? ''] ?? Number(line),
      column:
        column === undefined ? undefined : row ? `CdtTrfTxInf[${payment}]/${ELEMENT_OF[column] ?? column}` : (COLUMN_OF[column] ?? column),
      rejection: name,
      reason: description,
      remedy: REMEDY[name] ?? 'Correct the field.',
    };
  });
  throw fileInvalid(path, isIso ? 'PaymentFileInvalid' : 'CsvInvalid', problems);
}

const REMEDY: Readonly<Record<string, string>> = {
  ClientKeyConflict: 'Remove one of the two payments, or give one a key of its own.',
  DependencyMissing: 'Correct the key, or add the payment that it names.',
  DependencyCycle: 'Take one of these dependencies out.',
};

function fileInvalid(path: string, name: RejectionName, problems: readonly LineProblem[], message?: RefusedMessage) {
  const lines = new Set(problems.map((p) => p.line)).size;
  return rejection(name, `${path}: ${lines} bad line${lines === 1 ? '' : 's'}; nothing was imported`, {
    violations: problems.map((p) => ({
      field: p.column === undefined ? `line ${p.line}` : `line ${p.line}, ${p.column}`,
      code: rejections[p.rejection].code,
      reason: reasonOf(p.rejection),
      description: `${p.reason}. ${p.remedy}`,
    })),
    details: { file: path, lines: String(lines), ...(message && { messageName: message.name, messageId: message.msgId ?? '' }) },
  });
}
