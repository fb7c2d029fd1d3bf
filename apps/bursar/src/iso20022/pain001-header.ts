/** GrpHdr, and what PmtInf says of all of its payments: who pays, when, how. */
import { formatAccount } from '@bursar/protocol';
import { parseNotBefore } from '../csv/not-before.ts';
import type { ResolveAccount } from './accounts.ts';
import { clip, type Fields } from './fields.ts';
import { oneLine } from './memo.ts';
import type { OriginalMessage, Pain001Context } from './pain001-message.ts';
import { accountOf } from './pain001-transaction.ts';
import type { XmlElement } from './xml-reader.ts';

export interface PaymentHeader {
  readonly pmtInfId: string;
  readonly nbOfTxs: XmlElement | undefined;
  readonly ctrlSum: XmlElement | undefined;
  /** Milliseconds; undefined when it was refused. */
  readonly notBefore: number | undefined;
  readonly isTransfer: boolean;
  /** What is said beside the money, for every payment, as `Path=value`. */
  readonly others: readonly string[];
}

const METHODS: Readonly<Record<string, string>> = { CHK: 'a cheque', TRA: 'a transfer with advice' };
/** It is looked at with every payment. */
const MAX_OTHERS = 16_384;

/** Of XML Schema, with or without a zone. */
const isDateTime = (text: string, nowMs: number): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) &&
  parseNotBefore(toMs(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`), nowMs) !== undefined;
/** Decimals of a second beyond milliseconds say nothing here. */
const toMs = (instant: string): string => instant.replace(/(\.\d{3})\d+/, '$1');

/** Its fields, and what it says beside the money. */
export function readGroup(f: Fields, nowMs: number): readonly string[] {
  const msgId = f.get('MsgId', 'Give the message an id of at most 35 characters.');
  if (msgId) f.text(msgId, 35);
  const made = f.get('CreDtTm', 'Write when the file was made, for instance 2026-12-01T08:00:00.');
  if (made && !isDateTime(made.text.trim(), nowMs))
    f.bad(made, 'CreDtTm', 'FieldInvalid', `"${clip(made.text)}" is no date with a time`, 'Write it as 2026-12-01T08:00:00.');
  f.get('NbOfTxs', 'Write how many CdtTrfTxInf the file has.');
  f.find('CtrlSum');
  return [...f.rest('GrpHdr/')];
}

/** @param others what GrpHdr, and what stands behind the payments, say beside the money */
export function readHeader(f: Fields, version: OriginalMessage['name'], context: Pain001Context, others: readonly string[]): PaymentHeader {
  const id = f.get('PmtInfId', 'Give the group of payments an id of at most 35 characters.');
  const pmtInfId = (id && f.text(id, 35)) ?? '';
  const method = f.get('PmtMtd', 'Write TRF.');
  const isTransfer = method?.text.trim() === 'TRF';
  if (method && !isTransfer) {
    const named = METHODS[method.text.trim()];
    f.bad(
      method,
      'PmtMtd',
      'MethodUnsupported',
      named ? `${method.text.trim()} asks for ${named}` : `"${clip(method.text)}" is no method`,
      'Only transfers are made: write TRF, or pay it another way.',
    );
  }
  const [nbOfTxs, ctrlSum] = [f.find('NbOfTxs'), f.find('CtrlSum')];
  const notBefore = dateOf(f, version, context.nowMs);
  checkDebtor(f, context);
  const all = [...f.rest('PmtInf/'), ...others];
  if (all.reduce((sum, one) => sum + one.length, 0) > MAX_OTHERS)
    f.report(f.element, 'FieldInvalid', `says more than ${MAX_OTHERS} characters beside its payments`, 'Leave out what is optional.');
  return { pmtInfId, nbOfTxs, ctrlSum, notBefore, isTransfer, others: all };
}

/** A date without a zone begins at 00:00 UTC; an instant has its zone. */
function dateOf(f: Fields, version: OriginalMessage['name'], nowMs: number): number | undefined {
  const remedy = 'Write a date, 2026-12-24, which begins at 00:00 UTC, or an instant with its zone, 2026-12-24T08:00:00+01:00.';
  const found = f.get('ReqdExctnDt', remedy);
  if (!found) return undefined;
  const [only] = found.children;
  const inner =
    version === 'pain.001.001.09' ? found.children.length === 1 && (only?.name === 'Dt' || only?.name === 'DtTm') && only : found;
  if (!inner) {
    f.bad(found, 'ReqdExctnDt', 'FieldInvalid', 'holds no Dt or DtTm', remedy);
    return undefined;
  }
  const text = inner.text.trim();
  const [, date, zone = 'Z'] = /^(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const instant = date === undefined ? (text.includes('T') ? toMs(text) : 'none') : `${date}T00:00:00${zone}`;
  const isRightKind = inner.name === 'DtTm' ? date === undefined : date !== undefined;
  const at = isRightKind ? parseNotBefore(instant, nowMs) : undefined;
  if (at === undefined)
    f.bad(
      inner,
      'ReqdExctnDt',
      'FieldInvalid',
      `"${clip(inner.text)}" is no ${inner.name === 'DtTm' ? 'instant with its zone' : 'date'} of the next ten years`,
      remedy,
    );
  return at;
}

function checkDebtor(f: Fields, { treasury, otherTreasuries, currency, resolve }: Pain001Context): void {
  const remedy = `Write ${treasury.name.length <= 34 ? `the treasury's name (${treasury.name}) or ` : ''}its account in DbtrAcct/Id/Othr/Id; where only 34 characters go, the first 34 there and the whole of it in DbtrAcct/Nm.`;
  const debtor = f.get('Dbtr', 'Write who pays: <Dbtr><Nm>…</Nm></Dbtr>.');
  const person = debtor && f.inside(debtor);
  const name = person?.peek('Nm');
  if (person && name && otherTreasuries.includes(oneLine(name.text)))
    person.bad(
      name,
      'Nm',
      'DebtorMismatch',
      `is the treasury ${clip(name.text)}; ${treasury.name} pays here`,
      'Import the file where that treasury pays.',
    );
  if (person && name && oneLine(name.text) === treasury.name) person.find('Nm');
  const account = f.get('DbtrAcct', remedy);
  if (!account || !resolve) return;
  const known: ResolveAccount = (text) => (text === treasury.name ? treasury : resolve(text));
  const found = accountOf(f.inside(account), currency, known, remedy)?.account;
  if (found !== undefined && found !== treasury.account)
    f.bad(account, 'DbtrAcct', 'DebtorMismatch', `is ${clip(formatAccount(found))}, which is not the account of ${treasury.name}`, remedy);
}
