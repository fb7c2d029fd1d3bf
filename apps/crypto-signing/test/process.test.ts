import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { keyPairFromSeed, sign, verify } from '@bursar/crypto';
import {
  encode,
  evidence,
  evidenceOf,
  evidenceTransaction,
  formatGenesis,
  fromHex,
  type Genesis,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  parseGenesis,
  type Statement,
  toHex,
  transactionHash,
  voteHash,
} from '@bursar/protocol';
import { common, signing } from '@bursar/protocol/rpc';
import { createRpcClient, openStreamCalls } from '@bursar/shared-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const token = 'a token of the cell';
let dir: string;
let publicKey: string;
const children: ChildProcess[] = [];
const file = (name: string): string => join(dir, name);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signing-'));
  writeFileSync(file('token'), token, { mode: 0o600 });
  writeFileSync(file('passphrase'), 'correct horse battery staple', { mode: 0o600 });
  const printed = execFileSync(process.execPath, [main, 'init', '--keystore', file('key.json'), '--passphrase-file', file('passphrase')], {
    encoding: 'utf8',
  });
  publicKey = JSON.parse(printed).publicKey;
  writeFileSync(file('genesis.json'), genesisWith(publicKey));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true });
});

function genesisWith(key: string): string {
  const other = (n: number): string => toHex(keyPairFromSeed(new Uint8Array(32).fill(n)).publicKey);
  const genesis: Genesis = {
    version: 1,
    name: 'test',
    incarnation: 0,
    time: 1,
    currency: { code: 'EUR', exponent: 2 },
    validators: [key, other(1), other(2), other(3)].map((k, i) => ({ name: `v${i}`, publicKey: k, stake: 1n })),
    accounts: [],
    treasuries: [
      {
        name: 't',
        proposers: [other(4)],
        approval: mOfN([other(5)], 1),
        limits: NO_LIMITS,
        guardians: [other(6)],
        guardianThreshold: 1,
        executors: [other(7)],
        delays: NO_DELAYS,
      },
    ],
    shards: 1,
    leaseMs: 10_000,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  };
  return formatGenesis(genesis);
}

interface Running {
  readonly port: number;
  readonly child: ChildProcess;
}
function launch(extra: readonly string[] = []): ChildProcess {
  const args = [
    '--genesis',
    file('genesis.json'),
    '--validator',
    '0',
    '--data-dir',
    file('data'),
    '--token-file',
    file('token'),
    '--keystore',
    file('key.json'),
    '--passphrase-file',
    file('passphrase'),
  ];
  const child = spawn(process.execPath, [main, ...args, '--grpc-port', '0', '--admin-port', '0', ...extra], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}
async function serve(): Promise<Running> {
  const child = launch();
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const entry = JSON.parse(line);
    if (entry.msg === 'crypto-signing listens') {
      child.stdout?.resume();
      return { port: entry.grpcPort, child };
    }
  }
  throw new Error('crypto-signing ended before it served');
}
type Purpose = NonNullable<MessageInitShape<typeof signing.SignRequestSchema>['purpose']>;
function clientOf({ port }: Running, bearer = token) {
  const client = createRpcClient(signing.Signing, `127.0.0.1:${port}`, { bearer });
  const calls = openStreamCalls(client.sign, { what: 'crypto-signing', timeoutMs: 10_000, most: 8 });
  const sign = async (purpose: Purpose): Promise<Uint8Array> => (await calls.call({ purpose })).signature;
  const close = () => {
    calls.close();
    client.close();
  };
  return { ...client, sign, close };
}
const prepare = (digest: number) => ({ case: 'prepare', value: ballot(digest) }) as const;
const ballot = (digest: number) => ({ epoch: 0, height: 1n, view: 0n, digest: new Uint8Array(32).fill(digest) });

describe('the process', () => {
  it('signs with the key that init printed, over kill -9 the same, and never twice', async () => {
    const running = await serve();
    const client = clientOf(running);
    const signature = await client.sign(prepare(1));
    const { chain } = parseGenesis(genesisWith(publicKey));
    const hash = voteHash({ chain, epoch: 0, height: 1, view: 0, phase: 'prepare', digest: '01'.repeat(32) });
    expect(verify(fromHex(publicKey), hash, signature)).toBe(true);
    await expect(client.sign(prepare(2))).rejects.toMatchObject({
      reason: 'DOUBLE_SIGN_REFUSED',
      code: 8301,
      severity: 'critical',
    });
    client.close();
    running.child.kill('SIGKILL');
    await once(running.child, 'exit');

    const again = clientOf(await serve());
    expect(toHex(await again.sign(prepare(1)))).toBe(toHex(signature));
    await expect(again.sign(prepare(2))).rejects.toMatchObject({ reason: 'DOUBLE_SIGN_REFUSED' });
    const { rows } = await again.listSigned({ fromHeight: 1n });
    expect(rows.map((r) => [r.phase, r.ballot?.height])).toEqual([['prepare', 1n]]);
    again.close();
  });

  it('refuses callers without the token of the cell, and fields that break their rules', async () => {
    const running = await serve();
    const stranger = clientOf(running, 'another token');
    await expect(stranger.sign(prepare(1))).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    const friend = clientOf(running);
    await expect(friend.sign({ case: 'commit', value: { ...ballot(1), digest: new Uint8Array(31) } })).rejects.toMatchObject({
      violations: [expect.objectContaining({ field: 'commit.digest' })],
    });
    await expect(friend.sign({ case: undefined })).rejects.toMatchObject({ violations: [expect.objectContaining({ field: 'purpose' })] });
    const contract = createRpcClient(common.Contract, `127.0.0.1:${running.port}`, {});
    expect((await contract.describe({})).id).toBe('crypto-signing');
    for (const c of [stranger, friend, contract]) c.close();
  });

  it('hands in evidence that holds, and names what is wrong with evidence that does not', async () => {
    const client = clientOf(await serve());
    const { chain } = parseGenesis(genesisWith(publicKey));
    const offender = keyPairFromSeed(new Uint8Array(32).fill(1));
    const said = (digest: string): Statement => {
      const vote = { chain, epoch: 0, height: 3, view: 0, phase: 'prepare', digest } as const;
      return { phase: 'prepare', view: 0, digest, signature: sign(offender.secretKey, voteHash(vote)), content: undefined };
    };
    const found = evidenceOf(1, 0, 3, said('a'.repeat(64)), said('b'.repeat(64)));
    const signature = await client.sign({ case: 'evidence', value: encode(evidence, found) });
    expect(verify(fromHex(publicKey), transactionHash(evidenceTransaction(chain, publicKey, found)), signature)).toBe(true);
    const invalid = { reason: 'EVIDENCE_INVALID', code: 7301, severity: 'high' };
    await expect(client.sign({ case: 'evidence', value: encode(evidence, { ...found, height: 4 }) })).rejects.toMatchObject(invalid);
    await expect(client.sign({ case: 'evidence', value: new Uint8Array(9) })).rejects.toMatchObject(invalid);
    client.close();
  });

  it('ends with 0 on SIGTERM', async () => {
    const { child } = await serve();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  const spoiled = (name: string, text: string): readonly string[] => {
    writeFileSync(file(name), text);
    return [];
  };
  const starts: [sentence: string, spoil: () => readonly string[], code: number][] = [
    ['the key is not that of this validator', () => ['--validator', '1'], 78],
    ['the genesis is damaged', () => spoiled('genesis.json', '{'), 78],
    ['the passphrase is wrong', () => spoiled('passphrase', 'another passphrase entirely'), 78],
    ['a setting is missing', () => ['--log-level', 'loud'], 78],
  ];
  it.each(starts)('does not start when %s', async (_, spoil, code) => {
    const child = launch(spoil());
    child.stdout?.resume();
    expect((await once(child, 'exit'))[0]).toBe(code);
  });

  it('a second process on the same folder is refused', async () => {
    await serve();
    const second = launch();
    second.stdout?.resume();
    expect((await once(second, 'exit'))[0]).toBe(69);
  });
});
