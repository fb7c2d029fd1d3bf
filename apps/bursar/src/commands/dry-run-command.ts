/** `bursar import FILE --dry-run`: what every line would do; nothing is signed or sent. */
import { readKeyFile } from '@bursar/client';
import { bandOf, type Digest, decode, MAX_AMOUNT, numberedPolicy, type TreasuryPolicy } from '@bursar/protocol';
import { importOfRows, outsideDependencies } from '../csv/import-file.ts';
import type { PaymentRow } from '../csv/read-payments.ts';
import { layout } from '../devnet/layout.ts';
import { type Forecast, forecast } from '../operations/forecast.ts';
import { knownPayments } from '../operations/known-payments.ts';
import { readSessionFile } from '../operations/payment-file.ts';
import { type Session, withSession } from '../operations/session.ts';
import { visible } from '../visible.ts';
import { json, line, money, plural } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

export async function dryRunCommand(file: string, options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await withSession(options.dir, async (session) => {
    const { rows } = await readSessionFile(session, file, Date.now());
    const treasury = session.treasury.id;
    const outside = await knownPayments(session, outsideDependencies(rows, treasury));
    const isKnown = (id: Digest) => outside.has(id);
    const context = { ...session, treasury, proposer: key.publicKey, firstNonce: 0n, nowMs: Date.now(), isKnown };
    const { built } = importOfRows(file, rows, context);
    const [known, t, status] = await Promise.all([
      knownPayments(session, built.disbursements),
      session.connection.read((l) => l.getTreasury({ treasury: new Uint8Array() })),
      session.connection.read((l) => l.getStatus({})),
    ]);
    const windows = t.windows.map(
      (w) => ({ ...w, lengthMs: Number(w.lengthMs), scope: w.scope === 'payee' ? 'payee' : 'treasury' }) as const,
    );
    const lines = forecast(built, { now: Number(status.timeMs), balance: t.balance, perPayment: t.perPayment, windows, known });
    const approvals = needed(decode(numberedPolicy, t.policy).policy, rows, lines);
    if (options.json)
      return json({ import: built.import, total: built.total, balance: t.balance, approvals, lines: lines.map(shownAs(rows)) });
    table(rows, lines, session, Number(status.timeMs));
    line();
    line(`import  ${built.import}, ${plural(rows.length, 'payment')} of ${money(built.total, session.genesis.currency)} in all`);
    line(`paid from a balance of ${money(t.balance, session.genesis.currency)}${t.paused ? ', PAUSED by a guardian' : ''}`);
    for (const { upTo, payments, roles } of approvals) {
      const amounts = upTo === MAX_AMOUNT ? 'any amount' : `up to ${money(upTo, session.genesis.currency)}`;
      const all = Object.entries(roles).map(([role, n]) => `${n} × ${role}`);
      line(`approvals for ${plural(payments, 'payment')} of ${amounts}: ${all.join(' and ')}`);
    }
    const refused = lines.filter((l) => l.outcome.kind === 'refused').length;
    line(refused > 0 ? `The ledger would refuse this file: ${plural(refused, 'line')} above.` : 'Nothing was signed or sent.');
  });
}

/** What new payments need, by band. */
function needed({ approval }: TreasuryPolicy, rows: readonly PaymentRow[], lines: readonly Forecast[]) {
  const payments = approval.bands.map(() => 0);
  for (const [i, { outcome }] of lines.entries())
    if (outcome.kind !== 'repeat') (payments[bandOf(approval, rows[i]?.order.amount ?? 0n)] as number) += 1;
  return approval.bands.flatMap(({ upTo, needs }, band) => {
    const roles = Object.fromEntries(needs.flatMap((n, role) => (n > 0 ? [[approval.roles[role]?.name ?? '', n]] : [])));
    return payments[band] ? [{ upTo, payments: payments[band], roles }] : [];
  });
}

const shownAs = (rows: readonly PaymentRow[]) => (l: Forecast, i: number) => ({
  line: rows[i]?.line,
  clientKey: rows[i]?.order.clientKey,
  amount: rows[i]?.order.amount,
  when: new Date(l.when).toISOString(),
  ...l.outcome,
  ...(l.outcome.kind === 'limit' ? { until: instant(l.outcome.until) } : {}),
  ...(l.outcome.kind === 'waits' ? { for: rows[l.outcome.for]?.order.clientKey } : {}),
});

const instant = (ms: number): string | undefined => (Number.isFinite(ms) ? new Date(ms).toISOString() : undefined);
const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** At most 100 columns. */
function table(rows: readonly PaymentRow[], lines: readonly Forecast[], { genesis }: Session, now: number): void {
  const put = (a: string, b: string, c: string, d: string, e: string): void =>
    line(`${a.padStart(6)}  ${clip(b, 20).padEnd(20)}  ${c.padStart(18)}  ${d.padEnd(20)}  ${clip(e, 26)}`.trimEnd());
  put('line', 'client key', 'amount', 'not before', 'what it does');
  for (const [i, { when, outcome }] of lines.entries()) {
    const row = rows[i] as PaymentRow;
    put(
      String(row.line),
      visible(row.order.clientKey),
      money(row.order.amount, genesis.currency),
      when > now ? minute(when) : 'at once',
      words(outcome),
    );
  }
  function words(o: Forecast['outcome']): string {
    if (o.kind === 'pays') return 'pays';
    if (o.kind === 'repeat') return `imported before: ${o.state}`;
    if (o.kind === 'refused') return o.reason === 'ClientKeyConflict' ? 'REFUSED: key is another’s' : 'REFUSED: key was cancelled';
    if (o.kind === 'funds') return `${money(o.missing, genesis.currency)} missing`;
    if (o.kind === 'waits') return `waits for line ${rows[o.for]?.line}`;
    return Number.isFinite(o.until) ? `limit: ${minute(o.until)}` : 'over a limit for good';
  }
}
const clip = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
