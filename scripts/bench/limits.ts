/** What this machine can do at all: the floor under every other figure. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { keyPairFromSeed, sign, verify } from '../../libs/crypto/src/index.ts';
import { OneLedger } from './one-ledger.ts';
import { median, type Row } from './row.ts';

export interface Limits {
  readonly verifyUs: number;
  readonly fsyncMs: number;
  readonly executeUs: number;
}

const timed = (times: number, work: () => void): number => {
  const started = performance.now();
  for (let i = 0; i < times; i++) work();
  return ((performance.now() - started) * 1_000) / times;
};

/** Of the processor, microseconds: what else runs does not make a limit easier to reach. */
const timedCpu = (times: number, work: () => void): number => {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
};

export function measureLimits(dir: string): { limits: Limits; rows: Row[] } {
  const keys = keyPairFromSeed(new Uint8Array(32).fill(1));
  const hash = new Uint8Array(32).fill(2);
  const signature = sign(keys.secretKey, hash);
  const verifyUs = median(Array.from({ length: 5 }, () => timedCpu(2_000, () => void verify(keys.publicKey, hash, signature))));
  const fsyncMs = fsyncMedian(dir);
  const executeUs = executePayments(20_000);
  const limits = { verifyUs, fsyncMs, executeUs };
  const rows: Row[] = [
    { bench: 'limits', what: 'ed25519 verification, one core', value: verifyUs, unit: 'µs' },
    { bench: 'limits', what: 'append 4 KiB and fdatasync, median', value: fsyncMs, unit: 'ms' },
    { bench: 'limits', what: 'ledger alone: execute one approved payment', value: executeUs, unit: 'µs' },
  ];
  return { limits, rows };
}

function fsyncMedian(dir: string): number {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'fsync-probe');
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4_096, 1);
  const took = Array.from({ length: 200 }, () =>
    timed(1, () => {
      writeSync(file, page);
      fdatasyncSync(file);
    }),
  );
  closeSync(file);
  rmSync(path);
  return median(took) / 1_000;
}

/** @returns microseconds a payment */
function executePayments(count: number): number {
  const ledger = new OneLedger();
  ledger.queue(2 * count);
  ledger.pay(count); // compiled meanwhile
  return ledger.pay(count);
}
