import { readFileSync, writeFileSync } from 'node:fs';
import { buildApproval, buildTransfer, createKeyFile, readKeyFile, settle, signTransaction } from '@bursar/client';
import { fromStatus } from '@bursar/shared-core';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { addressOf } from '../src/devnet/network-file.ts';
import { importStatus } from '../src/operations/import-status.ts';
import { approve, fund, importFile } from '../src/operations/pay.ts';
import { nextNonce, type Session } from '../src/operations/session.ts';
import { iso20022Story } from './support/iso20022-story.ts';
import { approveTwice, clientKey, commonRoot, quiet, sessionOf, startNetwork, until } from './support/network.ts';
import { numbered, payee, writeCsv } from './support/payments.ts';
import { bursar, json, processesOf, scratch } from './support/program.ts';

const at = scratch('network');
const dir = at.path('net');
let net: Devnet;
let session: Session;
beforeAll(async () => {
  net = await startNetwork(dir);
  session = sessionOf(net);
  // Two at once by one key read the same nonce: each moves its money, and neither is told the other's result.
  const both = await Promise.all([fund(session, clientKey(net), 500_000n), fund(session, clientKey(net), 500_000n)]);
  expect(new Set(both.map((b) => b.id)).size).toBe(2);
  expect((await totals()).balance).toBe(1_000_000n);
}, 200_000);
afterAll(async () => {
  session?.connection.close();
  await net?.stopAll();
  expect(processesOf(dir)).toEqual([]);
  at.remove();
}, 60_000);

const totals = async () => {
  const t = await session.connection.read((l) => l.getTreasury({ treasury: new Uint8Array() }));
  return { paid: t.totalPaid, balance: t.balance };
};
const cli = (...args: string[]) => bursar([...args, '--dir', dir]);
const WIDE_MS = 180_000;

describe('bad input', () => {
  it('a file with a broken line 317 imports nothing, and every bad line is named', async () => {
    const file = writeCsv(at.path('broken.csv'), numbered('broken', 400));
    const lines = readFileSync(file, 'utf8').split('\n');
    lines[316] = lines[316]?.replace('1.00', '1,00') ?? '';
    lines[398] = lines[398]?.replace('1.00', 'ten') ?? '';
    writeFileSync(file, lines.join('\n'));
    const { code, stderr } = await cli('import', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/2 bad lines; nothing was imported/);
    expect(stderr).toMatch(/line 317: 8002 FIELD_INVALID: has 10 fields instead of 9\. .+/);
    expect(stderr).toMatch(/line 399, amount: 7006 AMOUNT_INVALID: "ten" is no amount of EUR\. .+/);
    expect(stderr).toMatch(/code: {2}8003 CSV_INVALID/);
    const { code: unknown } = await cli('proof', 'broken-0');
    expect(unknown).toBe(1);
  });

  const malformed = (): Promise<unknown> =>
    new Promise((resolve) => {
      const client = new grpc.Client(session.connection.validators[0]?.address.consensus ?? '', grpc.credentials.createInsecure());
      const raw = (b: Buffer) => b;
      client.makeUnaryRequest('/bursar.consensus.v1.Transactions/Submit', raw, raw, Buffer.from('ff'.repeat(40), 'hex'), (e) => {
        client.close();
        resolve(e);
      });
    });
  it('malformed protobuf is refused with code, reason and remedy as google.rpc details', async () => {
    const error = fromStatus(await malformed());
    expect(error).toMatchObject({ code: 1004, reason: 'MALFORMED_MESSAGE', remedy: expect.stringMatching(/.+/) });
  });

  const author = async (publicKey: string) => ({
    chain: session.chain,
    signer: publicKey,
    nonce: await nextNonce(session, publicKey).catch(() => 0n),
  });
  const refusal = async (make: () => Promise<unknown>) => {
    const error = await make().then(
      () => undefined,
      (e) => e as { reason: string; remedy: string },
    );
    expect(error?.remedy).toMatch(/.+/);
    return error?.reason;
  };
  it('an oversized transaction', async () => {
    const v = session.connection.validators[0];
    const body = new Uint8Array(262_145);
    expect(await refusal(async () => v?.transactions.submit({ body, signature: new Uint8Array(64) }))).toMatch(
      /MALFORMED_MESSAGE|TRANSACTION_TOO_LARGE/,
    );
  });
  it('a signature that is not the signer’s', async () => {
    const tx = signTransaction(clientKey(net), buildTransfer(await author(clientKey(net).publicKey), payee, 1n));
    expect(await refusal(() => settle(session.connection, { ...tx, signature: new Uint8Array(64).fill(1) }))).toBe('INVALID_SIGNATURE');
  });
  it('an account that the ledger does not know', async () => {
    const stranger = createKeyFile(at.path('stranger.json'));
    const tx = signTransaction(stranger, buildTransfer(await author(stranger.publicKey), payee, 1n));
    expect(await refusal(() => settle(session.connection, tx, { timeoutMs: 10_000 }))).toBe('UNKNOWN_ACCOUNT');
  });
  it('an overdraft', async () => {
    const key = readKeyFile(net.at.approverKey(3));
    const tx = signTransaction(key, buildTransfer(await author(key.publicKey), payee, 1n));
    expect(await refusal(() => settle(session.connection, tx))).toBe('INSUFFICIENT_FUNDS');
  });
  it('an approval by somebody who is no approver, and of an import that does not exist', async () => {
    const key = clientKey(net);
    const { built } = await importFile(session, key, writeCsv(at.path('unapproved.csv'), numbered('unapproved', 3)));
    const by = async (k: typeof key, digest: string) =>
      settle(session.connection, signTransaction(k, buildApproval(await author(k.publicKey), session.treasury.id, digest)));
    expect(await refusal(() => by(key, built.import))).toBe('NOT_AUTHORISED');
    expect(await refusal(() => by(readKeyFile(net.at.approverKey(1)), '77'.repeat(32)))).toBe('IMPORT_UNKNOWN');
  });
  it('the same file again changes nothing; another body under a known key is refused', async () => {
    const file = writeCsv(at.path('same.csv'), numbered('same', 3));
    expect(json(await cli('import', file, '--json'))).toMatchObject({ payments: 3, replayed: false });
    expect(json(await cli('import', file, '--json'))).toMatchObject({ payments: 3, replayed: true });
    const other = await cli('import', writeCsv(at.path('other.csv'), [{ key: 'same-1', amount: '2.00' }]));
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/7102 CLIENT_KEY_CONFLICT/);
  });
});

describe('fund', () => {
  it('moves what it says into the treasury', async () => {
    const before = (await totals()).balance;
    expect(json(await cli('fund', '12.34', '--json'))).toMatchObject({ amount: '1234' });
    expect((await totals()).balance - before).toBe(1234n);
  });
  it.each(['ten', '1,00', '0', '1.234', '-1'])('refuses %s and moves nothing', async (amount) => {
    const before = (await totals()).balance;
    expect((await cli('fund', '--', amount)).code).toBe(64);
    expect((await totals()).balance).toBe(before);
  });
});

describe('an approval withheld', () => {
  it(
    'pays nothing, however long one waits; with the second approval everything is paid',
    async () => {
      const { built } = await importFile(session, clientKey(net), writeCsv(at.path('withheld.csv'), numbered('withheld', 5)));
      await approve(session, readKeyFile(net.at.approverKey(1)), built.import);
      const before = await importStatus(session, built.import);
      await until('five more blocks', async () => (await importStatus(session, built.import)).height >= before.height + 5);
      expect(await importStatus(session, built.import)).toMatchObject({ state: 'sealed', counts: { executed: 0, voting: 5 } });
      await approve(session, readKeyFile(net.at.approverKey(2)), built.import);
      expect((await quiet(session, built.import)).counts).toMatchObject({ executed: 5 });
    },
    WIDE_MS,
  );
});

describe('the command line, with the executor down', () => {
  it(
    'imports, cancels, approves; the executor pays when it is back; a payment is proved and verified',
    async () => {
      await net.kill('treasury-executor', 'SIGKILL');
      const file = writeCsv(at.path('cli.csv'), [...numbered('cli', 3), { key: 'cli-after', dependsOn: 'cli-0' }]);
      const dry = await cli('import', file, '--dry-run');
      expect(dry).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/cli-after.*pays\n(.*\n)*.*2 × approver\nNothing was signed or sent/),
      });
      const { import: digest } = json(await cli('import', file, '--json')) as { import: string };
      const lines = (json(await cli('import', file, '--dry-run', '--json')) as { lines: { kind: string }[] }).lines;
      expect(lines.map((l) => l.kind)).toEqual(['repeat', 'repeat', 'repeat', 'repeat']);
      expect(await cli('cancel', 'cli-0')).toMatchObject({ code: 0, stdout: expect.stringMatching(/is cancelled/) });
      expect(await cli('cancel', 'cli-0')).toMatchObject({ code: 1, stderr: expect.stringMatching(/7107 ALREADY_CANCELLED/) });
      const approved = await cli('approve', digest, '--key', net.at.approverKey(1), '--key', net.at.approverKey(2));
      expect(approved).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/any amount: 2 of 2 approvals by approver\nThe import is approved/),
      });
      expect(await cli('approve', digest)).toMatchObject({ code: 1, stderr: expect.stringMatching(/7125 ALREADY_APPROVED/) });
      expect(await cli('proof', 'cli-1')).toMatchObject({ code: 1 });
      await net.start('treasury-executor');
      expect((await quiet(session, digest)).counts).toMatchObject({ executed: 2, cancelled: 1, blocked: 1 });
      expect((await cli('status', digest)).stdout).toMatch(/held back: cli-after: .*dependency/);
      expect(json(await cli('status', '--json'))).toMatchObject({ treasury: 'payroll', paused: false });
      expect(await cli('proof', 'cli-1', '--out', at.path('cli-proof.json'))).toMatchObject({ code: 0 });
      const verified = await bursar(['verify', at.path('cli-proof.json'), '--genesis', net.at.genesis]);
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/The proof holds\.[\s\S]*1\.00 EUR/) });
    },
    WIDE_MS,
  );
});

describe('a restart of the whole network', () => {
  it(
    'after SIGKILL of everything keeps what was paid, and pays the rest',
    async () => {
      const lines = [...numbered('now', 20), ...numbered('later', 20).map((l) => ({ ...l, notBefore: '+4s' }))];
      const before = await totals();
      const { built } = await importFile(session, clientKey(net), writeCsv(at.path('restart.csv'), lines));
      await approveTwice(net, session, built.import);
      const names = [...net.specs.map((s) => s.name), 'nats-server'];
      await Promise.all(names.map((n) => net.kill(n, 'SIGKILL')));
      expect(processesOf(dir)).toEqual([]);
      await net.startAll();
      await net.waitReady(120_000);
      const status = await quiet(session, built.import);
      expect(status.counts).toMatchObject({ executed: 40 });
      expect((await totals()).paid - before.paid).toBe(4_000n);
      await commonRoot(session, status.height);
    },
    WIDE_MS,
  );
  it('the command line says what runs where', async () => {
    const { processes } = json(await cli('devnet', 'status', '--json')) as { processes: { name: string; state: string; grpc: number }[] };
    expect(processes).toHaveLength(18);
    expect(processes.filter((p) => p.state !== 'ready').map((p) => p.name)).toEqual(['nats-server']);
    expect(addressOf({ grpc: processes.find((p) => p.name === 'treasury-executor')?.grpc ?? 0, admin: 0 })).toBe(
      addressOf(net.network.executor),
    );
  });
});

describe('ISO 20022', () => iso20022Story(() => ({ net, session, cli, path: at.path })));
