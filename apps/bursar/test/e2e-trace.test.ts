/** A5, A8: one payment is one trace, read from the spans that real processes export. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { fund } from '../src/operations/pay.ts';
import { type Collector, type ExportedSpan, startCollector } from './support/collector.ts';
import { approveTwice, clientKey, quiet, sessionOf, startNetwork } from './support/network.ts';
import { numbered, writeCsv } from './support/payments.ts';
import { bursar, json, scratch } from './support/program.ts';

const PAYMENTS = 5;
const VALIDATORS = 4;
const QUORUM = 3;
const at = scratch('trace');
let collector: Collector;
let net: Devnet;
let spans: readonly ExportedSpan[];
let ids: readonly string[];

/** One import of five payments, paid; then everything is stopped, so that every span was exported. */
beforeAll(async () => {
  collector = await startCollector();
  net = await startNetwork(at.path('net'), { childEnv: collector.env });
  const session = sessionOf(net);
  await fund(session, clientKey(net), 1_000_000n);
  const imported = await bursar(
    ['import', writeCsv(at.path('p.csv'), numbered('traced', PAYMENTS)), '--dir', at.path('net'), '--json'],
    collector.env,
  );
  expect(imported.stderr).toBe('');
  const digest = String(json(imported)['import']);
  await approveTwice(net, session, digest);
  const status = await quiet(session, digest);
  expect(status.counts['executed']).toBe(PAYMENTS);
  session.connection.close();
  await net.stopAll();
  const trace = status.traceparent.split('-')[1];
  spans = collector.spans.filter((s) => s.traceId === trace);
  ids = [...new Set(spans.filter((s) => s.name === 'receipt').map((s) => String(s.attributes['bursar.disbursement_id'])))];
}, 240_000);
afterAll(async () => {
  await net?.stopAll();
  await collector?.close();
  at.remove();
}, 60_000);

const of = (service: string, name: string | RegExp): ExportedSpan[] =>
  spans.filter((s) => s.service === service && (typeof name === 'string' ? s.name === name : name.test(s.name)));
const parentOf = (s: ExportedSpan): ExportedSpan | undefined => spans.find((p) => p.spanId === s.parentSpanId);
const submitted = /Transactions\/Submit/;
/** The server span of the consensus process that took the transaction, and how it came there. */
function submitOf(execute: ExportedSpan): ExportedSpan {
  const server = parentOf(execute);
  expect(server).toMatchObject({ service: 'consensus', kind: 2, name: expect.stringMatching(submitted) });
  return server as ExportedSpan;
}

describe('one trace from the call to the receipt', () => {
  it('the call of the program is the root, and its Submit is received by a consensus process', () => {
    const roots = spans.filter((s) => s.parentSpanId === '');
    expect(roots.map((s) => [s.service, s.name])).toEqual([['bursar', 'bursar import']]);
    const [seal] = of('storage', 'execute importSeal');
    const server = submitOf(seal as ExportedSpan);
    const client = parentOf(server);
    expect(client).toMatchObject({ service: 'bursar', kind: 3, name: expect.stringMatching(submitted) });
    let up = client;
    while (up && up.parentSpanId !== '') up = parentOf(up);
    expect(up).toBe(roots[0]);
  });

  it('every validator executes the seal under the call that brought it', () => {
    const seals = of('storage', 'execute importSeal');
    expect(new Set(seals.map((s) => s.instance)).size).toBe(VALIDATORS);
    expect(new Set(seals.map((s) => s.parentSpanId)).size).toBe(1);
  });

  it('the batch and the block that carried it link to the call on every validator that made or voted on them', () => {
    const server = submitOf(of('storage', 'execute importSeal')[0] as ExportedSpan);
    const linked = (name: string) =>
      collector.spans.filter((s) => s.service === 'consensus' && s.name === name && s.links.some((l) => l.spanId === server.spanId));
    expect(linked('batch').length).toBeGreaterThan(0);
    expect(new Set(linked('block').map((s) => s.instance)).size).toBe(VALIDATORS);
  });

  it('the signatures and the commit of that block are spans of the signer and of storage under it, though they share one stream', () => {
    const server = submitOf(of('storage', 'execute importSeal')[0] as ExportedSpan);
    const blocks = collector.spans.filter(
      (s) => s.service === 'consensus' && s.name === 'block' && s.links.some((l) => l.spanId === server.spanId),
    );
    const under = (block: ExportedSpan, service: string, name: string) =>
      collector.spans.filter((s) => s.service === service && s.name === name && s.traceId === block.traceId && s.kind === 2);
    // A validator that learns of the certificate before it voted commits without a signature of its own; a quorum did vote.
    const signed = blocks.filter((block) => under(block, 'crypto-signing', 'bursar.signing.v1.Signing/Sign').length > 0);
    expect(signed.length).toBeGreaterThanOrEqual(QUORUM);
    expect(blocks).toHaveLength(VALIDATORS);
    for (const block of blocks) {
      const commits = under(block, 'storage', 'bursar.storage.v1.Commits/Commit');
      expect(commits.map((s) => s.parentSpanId)).toContain(block.spanId);
    }
  });

  it('the executor takes the payments up under the import, and its batch stands in the same trace', () => {
    const [seal] = of('storage', 'execute importSeal');
    const [planned] = of('treasury-executor', 'execute-batch');
    expect(planned?.parentSpanId).toBe(seal?.parentSpanId);
    const executed = of('storage', 'execute executeBatch');
    expect(new Set(executed.map((s) => s.instance)).size).toBe(VALIDATORS);
    const client = parentOf(submitOf(executed[0] as ExportedSpan));
    expect(client).toMatchObject({ service: 'treasury-executor', kind: 3 });
    let up = client;
    while (up && up.name !== 'execute-batch') up = parentOf(up);
    expect(up?.spanId).toBe(planned?.spanId);
  });

  it('A8 each payment has a receipt span on each validator under its import, found by disbursement and by transaction', () => {
    const [seal] = of('storage', 'execute importSeal');
    const receipts = of('storage', 'receipt');
    expect(ids).toHaveLength(PAYMENTS);
    expect(receipts).toHaveLength(PAYMENTS * VALIDATORS);
    for (const r of receipts) {
      expect(r.parentSpanId).toBe(seal?.parentSpanId);
      expect(r.attributes).toMatchObject({
        'bursar.disbursement_id': expect.stringMatching(/^[0-9a-f]{64}$/),
        'bursar.transaction_id': expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
  });
});
