/** pain.002.001.03 for a pain.001 file of which nothing was imported: each wrong field is a reason. */
import type { FieldViolation } from '@bursar/shared-core';
import type { RefusedMessage } from './pain001-message.ts';
import { reportHeader } from './pain002.ts';
import { pieces, type XmlNode, xmlDocument } from './xml-writer.ts';

export interface RefusalReport {
  readonly message: RefusedMessage;
  readonly treasury: string;
  /** Of the answer: at most 35 characters. */
  readonly id: string;
  /** Ledger time, milliseconds. */
  readonly timeMs: number;
  readonly violations: readonly FieldViolation[];
}

/** Of the list ExternalStatusReason1Code; what is not here is told in words (NARR). */
const REASONS: Readonly<Record<string, string>> = {
  ACCOUNT_UNRESOLVED: 'AC03',
  AMOUNT_INVALID: 'AM12',
  CLIENT_KEY_CONFLICT: 'AM05',
  CONTROL_SUM_MISMATCH: 'AM10',
  CURRENCY_UNSUPPORTED: 'AM03',
  DEBTOR_MISMATCH: 'AC02',
  MESSAGE_UNSUPPORTED: 'FF01',
  XML_REFUSED: 'FF01',
};

/** As lines. */
export function pain002Refused({ message, treasury, id, timeMs, violations }: RefusalReport): Generator<string> {
  const reason = ({ field, code, reason: name = '', description }: FieldViolation): XmlNode => [
    'StsRsnInf',
    [
      ['Rsn', [['Cd', field.endsWith('/NbOfTxs') ? 'AM18' : (REASONS[name] ?? 'NARR')]]],
      ...pieces(`${field}: ${code} ${name}: ${description}`, 105).map((piece): XmlNode => ['AddtlInf', piece]),
    ],
  ];
  const group: XmlNode = [
    'OrgnlGrpInfAndSts',
    [['OrgnlMsgId', message.msgId ?? 'NOTPROVIDED'], ['OrgnlMsgNmId', message.name], ['GrpSts', 'RJCT'], ...violations.map(reason)],
  ];
  return xmlDocument('urn:iso:std:iso:20022:tech:xsd:pain.002.001.03', [
    ['CstmrPmtStsRpt', [reportHeader({ id, timeMs, treasury }), group]],
  ]);
}
