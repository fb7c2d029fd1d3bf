/** statement: what moved an account in a period, for people and for their books. */
import { formatAccount, type Genesis, parseAccount, treasuryAccount, treasuryId } from '@bursar/protocol';
import { usage } from '../errors.ts';
import { type Session, withSession } from '../operations/session.ts';
import { camt053, camt053Problem } from '../statement/camt053.ts';
import { statementCsv } from '../statement/csv.ts';
import { periodEdge } from '../statement/period.ts';
import { fetchStatement, type Statement, totalsOf } from '../statement/statement.ts';
import { visible } from '../visible.ts';
import { json, line, money, plural, writeOut } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

export interface StatementOptions extends Omit<CommonOptions, 'key'> {
  readonly treasury?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: 'table' | 'csv' | 'camt.053';
  readonly out?: string;
}

export async function statementCommand(text: string | undefined, options: StatementOptions): Promise<void> {
  const now = Date.now();
  const edge = (value: string | undefined, of: 'from' | 'to', whenNone: number): number => {
    const found = value === undefined ? whenNone : periodEdge(value, of, now);
    if (found === undefined)
      throw usage(
        `"${(value ?? '').slice(0, 40)}" is no day and no instant`,
        `Write --${of} 2026-11-30 (UTC), or an instant with its zone such as 2026-11-30T12:00:00+01:00.`,
      );
    return found;
  };
  const [from, until] = [edge(options.from, 'from', 0), edge(options.to, 'to', Number.MAX_SAFE_INTEGER)];
  if (until < from) throw usage('the period ends before it begins', 'Give a --to that is not before --from.');
  await withSession(options.dir, async (session) => {
    const { account, owner } = accountFor(session, text, options.treasury);
    const { genesis, connection } = session;
    const statement = await fetchStatement(connection, account, Math.max(from, genesis.time), Math.max(until, genesis.time));
    if (options.json) return json(statement);
    if (options.format === 'table') return table(statement, genesis.currency, owner);
    if (options.format === 'csv') return writeOut(options.out, statementCsv(statement, genesis.currency));
    const problem = camt053Problem(statement, genesis.currency);
    if (problem) throw usage(problem, 'Ask for --format csv.');
    writeOut(options.out, camt053(statement, genesis.currency, owner));
  });
}

/** The account that was named, else that of a treasury. */
function accountFor({ genesis, treasury }: Session, text: string | undefined, name: string | undefined) {
  const owners = new Map(genesis.treasuries.map((t) => [treasuryAccount(treasuryId(t.name)), t.name]));
  if (text !== undefined) {
    if (name !== undefined) throw usage('an account and a treasury were given', 'Give one of the two.');
    const account = parseAccount(text);
    if (!account) throw usage(`"${text.slice(0, 80)}" is no account`, 'Copy the account again (bur1…): a character is wrong or missing.');
    return { account, owner: owners.get(account) };
  }
  const owner = name ?? treasury.name;
  if (![...owners.values()].includes(owner))
    throw usage(`there is no treasury ${visible(owner.slice(0, 80))}`, `Use one of: ${[...owners.values()].join(', ')}.`);
  return { account: treasuryAccount(treasuryId(owner)), owner };
}

const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

function table(s: Statement, currency: Genesis['currency'], owner: string | undefined): void {
  const { credits, credited, debits, debited } = totalsOf(s.entries);
  line(`account ${formatAccount(s.account)}${owner === undefined ? '' : `, treasury ${owner}`}`);
  line(`from ${instant(s.fromMs)} to ${instant(s.untilMs)}, at height ${s.height}`);
  line(`opening balance ${money(s.opening, currency)}`);
  for (const e of s.entries) {
    const what = e.payment ? visible(e.payment.clientKey) : 'transfer';
    const other = `${e.credit ? 'from' : 'to'} ${formatAccount(e.counterparty).slice(0, 16)}…`;
    line(
      `  ${instant(e.timeMs)}  ${`${e.credit ? '+' : '-'}${money(e.amount, currency)}`.padStart(22)}  ${money(e.balance, currency).padStart(22)}  ${other}  ${what}`,
    );
  }
  line(`closing balance ${money(s.closing, currency)}`);
  line(
    `${plural(credits, 'credit')} of ${money(credited, currency)}, ${plural(debits, 'debit')} of ${money(debited, currency)}; they add up.`,
  );
}
