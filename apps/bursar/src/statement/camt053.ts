/** A statement as camt.053.001.08 (docs/iso20022.md, "camt.053"). */
import { type AccountId, formatAccount, type Genesis } from '@bursar/protocol';
import { accountParts } from '../iso20022/accounts.ts';
import { xmlAmount } from '../iso20022/decimal.ts';
import { pieces, type XmlNode, xmlDocument, xmlInstant } from '../iso20022/xml-writer.ts';
import { type Entry, type Statement, totalsOf } from './statement.ts';

/** What camt.053 cannot say of this network; undefined when it can say all. */
export function camt053Problem({ opening, closing, entries }: Statement, { code, exponent }: Genesis['currency']): string | undefined {
  if (!/^[A-Z]{3}$/.test(code)) return `the currency ${code} of this network is no code of three letters`;
  if (exponent > 5) return `amounts of this network have ${exponent} decimals, and camt.053 holds 5`;
  const { credited, debited } = totalsOf(entries);
  const largest = [opening, closing, credited + debited].reduce((a, b) => (a > b ? a : b));
  return largest >= 10n ** 18n ? 'amounts of more than 18 digits do not fit camt.053' : undefined;
}

/** As lines. `owner`: name of the treasury whose account it is. */
export function camt053(statement: Statement, currency: Genesis['currency'], owner: string | undefined): Generator<string> {
  const { account, fromMs, untilMs, opening, closing, entries, timeMs } = statement;
  const amount = (units: bigint): XmlNode => ['Amt', xmlAmount(units, currency.exponent), { Ccy: currency.code }];
  const { credits, credited, debits, debited } = totalsOf(entries);
  const balance = (type: string, units: bigint, at: number): XmlNode => [
    'Bal',
    [['Tp', [['CdOrPrtry', [['Cd', type]]]]], amount(units), ['CdtDbtInd', 'CRDT'], ['Dt', [['DtTm', xmlInstant(at)]]]],
  ];
  const total = (name: string, count: number, units: bigint, more: readonly XmlNode[] = []): XmlNode => [
    name,
    [['NbOfNtries', String(count)], ['Sum', xmlAmount(units, currency.exponent)], ...more],
  ];
  const net = credited - debited;
  const id = `${formatAccount(account).slice(4, 12)}-${minute(fromMs)}-${minute(untilMs)}`;
  const { id: shortId, name } = accountParts(account);
  const stmt: XmlNode = [
    'Stmt',
    [
      ['Id', id],
      ['CreDtTm', xmlInstant(timeMs)],
      [
        'FrToDt',
        [
          ['FrDtTm', xmlInstant(fromMs)],
          ['ToDtTm', xmlInstant(untilMs)],
        ],
      ],
      [
        'Acct',
        [
          ['Id', [['Othr', [['Id', shortId]]]]],
          ['Ccy', currency.code],
          ['Nm', name],
          owner === undefined ? undefined : ['Ownr', [['Nm', owner]]],
        ],
      ],
      balance('OPBD', opening, fromMs),
      balance('CLBD', closing, untilMs),
      [
        'TxsSummry',
        [
          total('TtlNtries', entries.length, credited + debited, [
            [
              'TtlNetNtry',
              [
                ['Amt', xmlAmount(net < 0n ? -net : net, currency.exponent)],
                ['CdtDbtInd', net < 0n ? 'DBIT' : 'CRDT'],
              ],
            ],
          ]),
          total('TtlCdtNtries', credits, credited),
          total('TtlDbtNtries', debits, debited),
        ],
      ],
      ...entries.map((e) => entryNode(e, amount(e.amount))),
    ],
  ];
  const header: XmlNode = [
    'GrpHdr',
    [
      ['MsgId', id],
      ['CreDtTm', xmlInstant(timeMs)],
    ],
  ];
  return xmlDocument('urn:iso:std:iso:20022:tech:xsd:camt.053.001.08', [['BkToCstmrStmt', [header, stmt]]]);
}

function entryNode(e: Entry, amount: XmlNode): XmlNode {
  const direction: XmlNode = ['CdtDbtInd', e.credit ? 'CRDT' : 'DBIT'];
  const at = xmlInstant(e.timeMs);
  const key = e.payment?.clientKey ?? '';
  const fits = key !== '' && [...key].length <= 35;
  const facts = [
    ...(e.payment ? [`disbursement=${e.payment.disbursement}`, `import=${e.payment.import}`, ...(fits ? [] : [`client_key=${key}`])] : []),
    `transaction=${e.transaction}`,
  ];
  const memo = pieces(e.memo, 140).map((piece): XmlNode => ['Ustrd', piece]);
  return [
    'Ntry',
    [
      ['NtryRef', String(e.number)],
      amount,
      direction,
      ['Sts', [['Cd', 'BOOK']]],
      ['BookgDt', [['DtTm', at]]],
      ['ValDt', [['DtTm', at]]],
      ['AcctSvcrRef', `${e.height}/${e.index}`],
      [
        'BkTxCd',
        [
          [
            'Domn',
            [
              ['Cd', 'PMNT'],
              [
                'Fmly',
                [
                  ['Cd', e.credit ? 'RCDT' : 'ICDT'],
                  ['SubFmlyCd', 'BOOK'],
                ],
              ],
            ],
          ],
          ['Prtry', [['Cd', e.payment ? 'payment' : 'transfer']]],
        ],
      ],
      [
        'NtryDtls',
        [
          [
            'TxDtls',
            [
              ['Refs', [['EndToEndId', fits ? key : 'NOTPROVIDED']]],
              amount,
              direction,
              ['RltdPties', [[e.credit ? 'DbtrAcct' : 'CdtrAcct', accountNode(e.counterparty)]]],
              memo.length === 0 ? undefined : ['RmtInf', memo],
              ['AddtlTxInf', facts.join(' ')],
            ],
          ],
        ],
      ],
    ],
  ];
}

const accountNode = (account: AccountId): XmlNode[] => {
  const { id, name } = accountParts(account);
  return [
    ['Id', [['Othr', [['Id', id]]]]],
    ['Nm', name],
  ];
};
const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace(/[-T:]/g, '');
