/** Makes a network's folder: keys, tokens, genesis, ports. The validators' keys are made by crypto-signing, which alone holds them. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { createKeyFile } from '@bursar/client';
import { formatGenesis, type Genesis, isHex32, mOfN, NO_LIMITS, parseAmount, parseGenesis } from '@bursar/protocol';
import { messageOf } from '@bursar/shared-core';
import { networkFailed } from '../errors.ts';
import { APPROVERS, GUARDIANS, type Layout } from './layout.ts';
import { type NetworkFile, networkWithPorts, portsNeeded, writeWhole } from './network-file.ts';
import { findPorts } from './ports.ts';
import type { Programs } from './programs.ts';

export const TREASURY = 'payroll';
const CURRENCY = { code: 'EUR', exponent: 2 };
/** Balance of the client's own account in the genesis, from which the treasury is funded. */
const SUPPLY = '25000000.00';
/** Short, so that people can watch a change count; a real treasury takes a day. */
const CHANGE_DELAY_MS = 3_000;
const INIT_MS = 30_000;

const secret = (path: string): void => writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });

export interface NetworkPlan {
  readonly validators: number;
  readonly shards: number;
  /** Executors of each shard beside its first. */
  readonly standbys: number;
  /** What else the genesis says. */
  readonly genesis: (made: Genesis) => Genesis;
}

/** Replaces whatever lies in the folder. */
export async function makeNetwork(at: Layout, programs: Programs, plan: NetworkPlan): Promise<NetworkFile> {
  const { validators: validatorCount, shards } = plan;
  const executors = Array.from({ length: shards * (1 + plan.standbys) }, (_, i) => at.executor(i));
  const others = executors.length - 1;
  rmSync(at.dir, { recursive: true, force: true });
  for (const dir of [at.dir, at.logs, at.configs, at.keys, at.natsData, ...executors.map((e) => e.data)])
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  const validators = Array.from({ length: validatorCount }, (_, i) => i);
  for (const v of validators) {
    mkdirSync(at.cell(v), { mode: 0o700 });
    secret(at.token(v));
    secret(at.passphrase(v));
  }
  for (const e of executors) secret(e.token);
  const [publicKeys, ports] = await Promise.all([
    Promise.all(validators.map((v) => initKeystore(at, v, programs))),
    findPorts(portsNeeded(validatorCount, others)),
  ]);
  const numbered = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => createKeyFile(make(i + 1)).publicKey);
  const client = createKeyFile(at.clientKey).publicKey;
  const genesis = plan.genesis({
    version: 1,
    name: 'devnet',
    incarnation: 0,
    time: Date.now(),
    currency: CURRENCY,
    validators: publicKeys.map((publicKey, i) => ({ name: `validator-${i}`, publicKey, stake: 100n })),
    accounts: [{ id: client, balance: parseAmount(SUPPLY, CURRENCY.exponent) ?? 0n }],
    treasuries: [
      {
        name: TREASURY,
        proposers: [client],
        approval: mOfN(numbered(APPROVERS, at.approverKey), 2),
        limits: NO_LIMITS,
        guardians: numbered(GUARDIANS, at.guardianKey),
        guardianThreshold: 2,
        executors: executors.map((e) => createKeyFile(e.key).publicKey),
        delays: { policyMs: CHANGE_DELAY_MS, payeeMs: CHANGE_DELAY_MS },
      },
    ],
    shards,
    leaseMs: 10_000,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  });
  const text = formatGenesis(genesis);
  const { chain } = parseGenesis(text); // what is written must be what every process will accept
  writeFileSync(at.genesis, text, { mode: 0o644 });
  const network = networkWithPorts(chain, validatorCount, ports, others, shards);
  writeWhole(at.network, `${JSON.stringify(network, null, 2)}\n`); // last: a folder without it was left half made
  return network;
}

async function initKeystore(at: Layout, validator: number, { command, env }: Programs): Promise<string> {
  const { file, args } = command('crypto-signing');
  const own = ['init', '--keystore', at.keystore(validator), '--passphrase-file', at.passphrase(validator)];
  try {
    const { stdout } = await promisify(execFile)(file, [...args, ...own], { env, timeout: INIT_MS });
    const { publicKey } = JSON.parse(stdout) as { publicKey?: unknown };
    if (typeof publicKey !== 'string' || !isHex32(publicKey)) throw new Error('it printed no public key');
    return publicKey;
  } catch (e) {
    const said = (e as { stderr?: string }).stderr?.trim();
    throw networkFailed(
      `crypto-signing could not make the key of validator ${validator}: ${said || messageOf(e)}`,
      'See that the folder can be written.',
    );
  }
}
