/** pain.002.001.03: what became of the payments of a pain.001 message (docs/iso20022.md, "pain.002"). */
import type { Genesis } from '@bursar/protocol';
import { xmlAmount } from './decimal.ts';
import type { OriginalMessage, OriginalPayment, OriginalTransaction } from './pain001-message.ts';
import { pieces, type XmlNode, xmlDocument, xmlInstant } from './xml-writer.ts';

/** A payment as the ledger shows it. */
export interface PaymentState {
  readonly id: string;
  /** voting, queued, timelocked, executed, cancelled, blocked. */
  readonly state: string;
  /** How often its proposer has replaced its body. */
  readonly revision: number;
  /** Name of the reason, for blocked, and the sentence that goes with it. */
  readonly blocked?: { readonly name: string; readonly reason: string };
  /** Ledger times, milliseconds. */
  readonly notBeforeMs: number;
  readonly executedMs?: number;
}
export interface StatusReport {
  readonly message: OriginalMessage;
  /** Name of the treasury that answers. */
  readonly treasury: string;
  /** Of the answer: at most 35 characters. */
  readonly id: string;
  /** Ledger time, milliseconds. */
  readonly timeMs: number;
  readonly currency: Genesis['currency'];
  /** By EndToEndId; undefined: the ledger has no such payment, because it refused the import. */
  readonly stateOf: (endToEndId: string) => PaymentState | undefined;
}

/** Codes of TransactionIndividualStatus3Code: rejected, pending, accepted, in settlement, settled. */
type TransactionCode = 'RJCT' | 'PDNG' | 'ACCP' | 'ACSP' | 'ACSC';
type GroupCode = TransactionCode | 'PART';
interface Told {
  readonly code: TransactionCode;
  /** Of the list ExternalStatusReason1Code. */
  readonly reason?: string;
  readonly text: string;
}

const BLOCKED: Readonly<Record<string, string>> = { InsufficientFunds: 'AM04', OverLimit: 'AM14' };

function told(of: PaymentState | undefined): Told {
  if (!of) return { code: 'RJCT', reason: 'NARR', text: 'The ledger refused the import.' };
  switch (of.state) {
    case 'executed':
      return { code: 'ACSC', text: `Paid at ${xmlInstant(of.executedMs ?? 0)}.` };
    case 'queued':
      return { code: 'ACSP', text: 'Approved and due.' };
    case 'timelocked':
      return { code: 'ACCP', text: `Approved; not before ${xmlInstant(of.notBeforeMs)}.` };
    case 'cancelled':
      return { code: 'RJCT', reason: 'DS02', text: 'The payment was cancelled.' };
    case 'blocked':
      return { code: 'PDNG', reason: BLOCKED[of.blocked?.name ?? ''] ?? 'NARR', text: of.blocked?.reason ?? 'Held back.' };
    default:
      return { code: 'PDNG', reason: 'NARR', text: 'Approvals are missing.' };
  }
}

/** All alike: that. Some accepted and others not: PART. All accepted: the least of them. None accepted: PDNG while one is pending. */
export function groupCode(codes: ReadonlySet<TransactionCode>): GroupCode {
  const [only] = codes;
  if (codes.size === 1 && only) return only;
  const least = (['ACCP', 'ACSP', 'ACSC'] as const).find((c) => codes.has(c));
  if (!least) return 'PDNG';
  return codes.has('RJCT') || codes.has('PDNG') ? 'PART' : least;
}

/** GrpHdr of an answer. */
export const reportHeader = ({ id, timeMs, treasury }: Pick<StatusReport, 'id' | 'timeMs' | 'treasury'>): XmlNode => [
  'GrpHdr',
  [
    ['MsgId', id],
    ['CreDtTm', xmlInstant(timeMs)],
    ['InitgPty', [['Nm', treasury]]],
  ],
];

/** As lines; each payment is answered with its reason. */
export function pain002(report: StatusReport): Generator<string> {
  const { message, currency, stateOf } = report;
  const codeOf = (t: OriginalTransaction): TransactionCode => told(stateOf(t.endToEndId)).code;
  const sum = (units: bigint): string => xmlAmount(units, currency.exponent);
  const all = message.payments.flatMap((p) => p.transactions);
  const statuses = (of: readonly OriginalTransaction[]): XmlNode[] =>
    [...Map.groupBy(of, codeOf)].map(([code, those]) => [
      'NbOfTxsPerSts',
      [
        ['DtldNbOfTxs', String(those.length)],
        ['DtldSts', code],
        ['DtldCtrlSum', sum(those.reduce((total, t) => total + t.amount, 0n))],
      ],
    ]);
  const originals = (of: Pick<OriginalPayment, 'ctrlSum'>, count: number): (XmlNode | undefined)[] => [
    ['OrgnlNbOfTxs', String(count)],
    of.ctrlSum === undefined ? undefined : ['OrgnlCtrlSum', sum(of.ctrlSum)],
  ];
  const transaction = (t: OriginalTransaction): XmlNode => {
    const state = stateOf(t.endToEndId);
    const { code, reason, text } = told(state);
    return [
      'TxInfAndSts',
      [
        t.instrId === undefined ? undefined : ['OrgnlInstrId', t.instrId],
        ['OrgnlEndToEndId', t.endToEndId],
        ['TxSts', code],
        [
          'StsRsnInf',
          [
            reason === undefined ? undefined : ['Rsn', [['Cd', reason]]],
            ...pieces(text, 105).map((piece): XmlNode => ['AddtlInf', piece]),
            state && state.revision > 0 ? ['AddtlInf', `Revised ${state.revision} times since the file.`] : undefined,
            state && ['AddtlInf', `disbursement ${state.id}`],
          ],
        ],
      ],
    ];
  };
  const payment = (p: OriginalPayment): XmlNode => [
    'OrgnlPmtInfAndSts',
    [
      ['OrgnlPmtInfId', p.pmtInfId],
      ...originals(p, p.transactions.length),
      ['PmtInfSts', groupCode(new Set(p.transactions.map(codeOf)))],
      ...statuses(p.transactions),
      ...p.transactions.map(transaction),
    ],
  ];
  const group: XmlNode = [
    'OrgnlGrpInfAndSts',
    [
      ['OrgnlMsgId', message.msgId],
      ['OrgnlMsgNmId', message.name],
      ['OrgnlCreDtTm', message.creDtTm],
      ...originals(message, all.length),
      ['GrpSts', groupCode(new Set(all.map(codeOf)))],
      ...statuses(all),
    ],
  ];
  return xmlDocument('urn:iso:std:iso:20022:tech:xsd:pain.002.001.03', [
    ['CstmrPmtStsRpt', [reportHeader(report), group, ...message.payments.map(payment)]],
  ]);
}
