/** Payments end to end: import, approve, pay, through four validators. */

import { countOf, importStatus } from '../../apps/bursar/src/operations/import-status.ts';
import { approve, fund } from '../../apps/bursar/src/operations/pay.ts';
import { nextNonce } from '../../apps/bursar/src/operations/session.ts';
import { buildImport, keyFromSeed, readKeyFile, settleMany, signTransaction } from '../../libs/client/src/index.ts';
import type { Context } from './context.ts';
import { startMeter } from './cpu.ts';
import type { Row } from './row.ts';

const COUNT = 10_000;
const PATIENCE_MS = 300_000;

export async function benchPayments(context: Context): Promise<Row[]> {
  const limits = context.limits();
  const { net, session, pids } = await context.network();
  const client = readKeyFile(net.at.clientKey);
  await fund(session, client, BigInt(COUNT));
  const payees = Array.from({ length: 500 }, (_, i) => keyFromSeed(Buffer.alloc(32, `bench payee ${i} `)).publicKey);
  const payments = Array.from({ length: COUNT }, (_, i) => ({
    clientKey: `bench-${i}`,
    destination: payees[i % payees.length] as string,
    amount: 1n,
    dependsOn: [],
  }));
  const meter = startMeter(pids());
  const started = performance.now();
  const built = buildImport({
    chain: session.chain,
    treasury: session.treasury.id,
    proposer: client.publicKey,
    firstNonce: await nextNonce(session, client.publicKey),
    payments,
  });
  if (!built.ok) throw new Error(built.violations[0]?.description);
  await settleMany(
    session.connection,
    built.transactions.map((t) => signTransaction(client, t)),
  );
  const imported = performance.now();
  await approve(session, readKeyFile(net.at.approverKey(1)), built.import);
  await approve(session, readKeyFile(net.at.approverKey(2)), built.import);
  const approved = performance.now();
  for (const deadline = approved + PATIENCE_MS; ; ) {
    const status = await importStatus(session, built.import);
    if (countOf(status, 'executed') === COUNT) break;
    if (performance.now() > deadline) throw new Error(`after ${PATIENCE_MS / 1_000} s: ${JSON.stringify(status.counts)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const paid = performance.now();
  const rate = (from: number, to: number): number => (COUNT * 1_000) / (to - from);
  const used = [...meter.read()].sort(([a], [b]) => a.localeCompare(b));
  const ceiling = { value: 2e6 / (4 * limits.executeUs), what: 'two cores, four ledgers, nothing else' };
  return [
    {
      bench: 'payments',
      what: `import, ${COUNT.toLocaleString('en-US')} items, final and provable`,
      value: rate(started, imported),
      unit: '/s',
    },
    { bench: 'payments', what: 'two approvals, one after the other', value: approved - imported, unit: 'ms' },
    { bench: 'payments', what: 'approved → paid', value: rate(approved, paid), unit: '/s', limit: ceiling },
    { bench: 'payments', what: 'end to end', value: rate(started, paid), unit: '/s', limit: ceiling },
    ...used.map(([kind, us]): Row => ({ bench: 'payments', what: `CPU a payment, all ${kind} processes`, value: us / COUNT, unit: 'µs' })),
  ];
}
