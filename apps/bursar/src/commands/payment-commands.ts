/** fund, import, approve, cancel, status: what a payer and an approver do. */
import { readKeyFile } from '@bursar/client';
import { formatAccount, MAX_AMOUNT, parseAmount } from '@bursar/protocol';
import { layout } from '../devnet/layout.ts';
import { usage } from '../errors.ts';
import { countsElsewhere, importStatus, listPayments } from '../operations/import-status.ts';
import { approve, cancel, fund, importFile, paymentId } from '../operations/pay.ts';
import { hexId, type Session, withSession } from '../operations/session.ts';
import { traced } from '../operations/trace.ts';
import { visible } from '../visible.ts';
import { type Confirmable, confirm } from './confirm.ts';
import { listCommand } from './import-list.ts';
import { needed } from './needed.ts';
import { duration, json, line, money, plural } from './output.ts';
import { type StatusReportOptions, statusReportCommand } from './status-report-command.ts';

export interface CommonOptions {
  readonly dir: string;
  readonly json?: boolean;
  readonly key?: string;
}

export async function fundCommand(text: string, options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('fund', () =>
    withSession(options.dir, async (session) => {
      const { currency } = session.genesis;
      const amount = parseAmount(text, currency.exponent);
      if (!amount)
        throw usage(
          `"${text.slice(0, 40)}" is no amount of ${currency.code}`,
          `Write digits with at most ${currency.exponent} decimals, for instance 1250.50.`,
        );
      const { height } = await fund(session, key, amount);
      if (options.json) json({ treasury: session.treasury.name, amount, height });
      else line(`Treasury ${session.treasury.name} received ${money(amount, currency)}.`);
    }),
  );
}

export async function importCommand(file: string, options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('import', (traceId) =>
    withSession(options.dir, async (session) => {
      const { built, rows, replayed } = await importFile(session, key, file);
      if (options.json)
        return json({
          import: built.import,
          payments: rows.length,
          total: built.total,
          traceId,
          replayed,
          disbursements: built.disbursements,
        });
      line(
        `${plural(rows.length, 'payment')} ${replayed ? 'were imported before: nothing changed' : 'imported'}, ${money(built.total, session.genesis.currency)} in all.`,
      );
      line(`import  ${built.import}`);
      line(`Nothing is paid before it is approved: bursar approve ${built.import}`);
      const status = await importStatus(session, built.import);
      for (const text of needed(status.needs, session.genesis.currency)) line(`  ${text}`);
    }),
  );
}

export async function approveCommand(
  text: string,
  options: Omit<CommonOptions, 'key'> & Confirmable & { readonly key?: readonly string[] },
): Promise<void> {
  const digest = hexId(text, 'import digest');
  const keys = (options.key ?? [layout(options.dir).approverKey(1)]).map(readKeyFile);
  await traced('approve', () =>
    withSession(options.dir, async (session) => {
      const { items, total } = await importStatus(session, digest);
      await confirm(
        [
          `import ${digest}`,
          `${plural(items, 'payment')}, ${money(total, session.genesis.currency)} in all; every one of them: bursar status ${digest} --list`,
        ],
        options,
      );
      for (const key of keys) {
        await approve(session, key, digest);
        if (!options.json) line(`approved by ${formatAccount(key.publicKey)}`);
      }
      const status = await importStatus(session, digest);
      if (options.json) return json({ import: digest, approvals: status.approvals, needs: status.needs, state: status.state });
      for (const text of needed(status.needs, session.genesis.currency)) line(text);
      line(`The import is ${status.state}.`);
    }),
  );
}

export async function cancelCommand(text: string, options: CommonOptions): Promise<void> {
  const key = readKeyFile(options.key ?? layout(options.dir).clientKey);
  await traced('cancel', () =>
    withSession(options.dir, async (session) => {
      const id = paymentId(session, text);
      const { height } = await cancel(session, key, id);
      if (options.json) json({ disbursement: id, height });
      else line(`Payment ${id} is cancelled; whatever depends on it is held back.`);
    }),
  );
}

export async function statusCommand(
  text: string | undefined,
  options: CommonOptions & StatusReportOptions & { readonly format?: 'pain.002'; readonly list?: boolean },
): Promise<void> {
  if (options.format === 'pain.002')
    return await statusReportCommand(text === undefined ? undefined : hexId(text, 'import digest'), options);
  await withSession(options.dir, async (session) => {
    if (text === undefined) return await treasuryStatus(session, options);
    const digest = hexId(text, 'import digest');
    await (options.list ? listCommand(session, digest, options) : oneImport(session, digest, options));
  });
}

async function treasuryStatus({ connection, genesis, treasury }: Session, options: CommonOptions): Promise<void> {
  const t = await connection.read((l) => l.getTreasury({ treasury: new Uint8Array() }));
  const counts = Object.fromEntries(Object.entries(t.counts).map(([s, n]) => [s, Number(n)]));
  if (options.json)
    return json({
      treasury: treasury.name,
      balance: t.balance,
      totalPaid: t.totalPaid,
      limits: {
        perPayment: t.perPayment,
        windows: t.windows.map((w) => ({ lengthMs: Number(w.lengthMs), most: w.most, scope: w.scope, used: w.used })),
      },
      paused: t.paused,
      counts,
      height: Number(t.height),
    });
  line(`treasury ${treasury.name} at height ${t.height}${t.paused ? ', PAUSED' : ''}`);
  line(`  balance  ${money(t.balance, genesis.currency)}`);
  line(`  paid     ${money(t.totalPaid, genesis.currency)}`);
  for (const [state, n] of Object.entries(counts)) line(`  ${state.padEnd(9)}${n}`);
  if (t.perPayment !== MAX_AMOUNT) line(`  limit    ${money(t.perPayment, genesis.currency)} for one payment`);
  for (const { lengthMs, most, scope, used } of t.windows) {
    const per = scope === 'payee' ? 'for each payee' : `of which ${money(used, genesis.currency)} are used`;
    line(`  limit    ${money(most, genesis.currency)} in ${duration(Number(lengthMs))}, ${per}`);
  }
}

async function oneImport(session: Session, digest: string, options: CommonOptions): Promise<void> {
  const status = await importStatus(session, digest);
  const held = await listPayments(session, digest, 'blocked');
  const rows = held.map((d) => ({
    clientKey: d.clientKey,
    reason: d.blocked?.name ?? '',
    why: d.blocked?.reason ?? '',
    next: d.blocked?.correctiveAction ?? '',
  }));
  const elsewhere = await countsElsewhere(session, digest, status);
  if (options.json) return json({ import: digest, ...status, elsewhere, held: rows });
  line(`import ${digest}: ${status.state}, height ${status.height}`);
  for (const text of needed(status.needs, session.genesis.currency)) line(`  ${text}`);
  line(`  ${plural(status.items, 'payment')}, ${money(status.total, session.genesis.currency)}`);
  for (const [state, n] of Object.entries(status.counts)) if (n > 0) line(`  ${state.padEnd(9)}${n}`);
  for (const [state, n] of Object.entries(elsewhere)) line(`  ${state.padEnd(9)}${n} (another import brought the same payment)`);
  for (const h of rows) line(visible(`  held back: ${h.clientKey}: ${h.why} ${h.next}`));
}
