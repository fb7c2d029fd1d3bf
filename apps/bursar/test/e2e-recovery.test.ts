/**
 * Restarts at any instruction, disks that fail, bits that flip, a NATS server that is killed: on real processes, under load (K6, part
 * "Durability" of docs/protocol.md). BURSAR_KILLS (default 20) and BURSAR_SEED make it longer or another one.
 */
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@bursar/simulator';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Devnet } from '../src/devnet/devnet.ts';
import { lastLines } from '../src/devnet/last-lines.ts';
import type { CellService } from '../src/devnet/layout.ts';
import { serviceName } from '../src/devnet/services.ts';
import type { Session } from '../src/operations/session.ts';
import { flipBits, lastByteOf } from './support/bit-flips.ts';
import { chainFacts } from './support/chain-check.ts';
import { type Lanes, startLanes } from './support/lanes.ts';
import { clientKey, ready, sessionOf, startNetwork } from './support/network.ts';
import { natsOutage } from './support/outage.ts';
import { processesOf, scratch } from './support/program.ts';
import { recordVotes, type VoteRecorder } from './support/votes.ts';

const KILLS = Number(process.env['BURSAR_KILLS'] ?? 20);
const seed = Number(process.env['BURSAR_SEED'] ?? 1);
const random = new Random(seed);
const WIDE_MS = 60_000 + KILLS * 20_000;

const at = scratch('recovery');
const dir = at.path('net');
/** What the next start of a process gets: a preload, or a limit on the size of its files. */
let faults: { readonly name: string; readonly env?: Record<string, string>; readonly fileKiB?: number } | undefined;
let net: Devnet;
let session: Session;
let lanes: Lanes;
let votes: VoteRecorder;
beforeAll(async () => {
  net = await startNetwork(dir, {
    env: (name) => (faults?.name === name ? (faults.env ?? {}) : {}),
    command: (app, usual) =>
      faults?.fileKiB !== undefined && faults.name.endsWith(app)
        ? { file: 'bash', args: ['-c', `ulimit -f ${faults.fileKiB}; exec "$0" "$@"`, usual.file, ...usual.args] }
        : usual,
  });
  session = sessionOf(net);
  votes = await recordVotes(net);
  lanes = await startLanes(session, clientKey(net), 12, random);
}, 200_000);
afterAll(async () => {
  session?.connection.close();
  await votes?.close();
  await net?.stopAll();
  expect(processesOf(dir)).toEqual([]);
  at.remove();
}, 60_000);

/** Whatever happened before: one chain, no promise broken, nothing signed twice, and every signature on record. */
async function everythingHolds(): Promise<void> {
  const { final } = lanes;
  const before = final();
  for (const deadline = Date.now() + 60_000; final() < before + 12; await sleep(50))
    if (Date.now() > deadline) throw new Error('the load stands still');
  net.check();
  expect(await votes.wrong(net)).toEqual([]);
}

type Point = 'prepare' | 'commit' | 'any moment';
interface Kill {
  readonly names: readonly string[];
  readonly validator: number;
  readonly point: Point;
  /** Killed again so long after its start, while it recovers. */
  readonly againMs: number | undefined;
  readonly downMs: number;
}
const SETS: readonly (readonly CellService[])[] = [
  ['consensus'],
  ['storage'],
  ['crypto-signing'],
  ['consensus', 'crypto-signing'],
  ['consensus', 'storage'],
  ['crypto-signing', 'storage'],
  ['consensus', 'crypto-signing', 'storage'],
];
function draw(): Kill {
  const validator = random.below(4);
  const services = random.pick(SETS);
  // Sometimes the same of two validators: nothing can be final before one is back.
  const of = random.chance(0.25) ? [validator, (validator + 1) % 4] : [validator];
  return {
    names: of.flatMap((v) => services.map((s) => serviceName(v, s))),
    validator,
    point: random.pick<Point>(['prepare', 'commit', 'any moment']),
    againMs: random.chance(0.3) ? random.between(100, 900) : undefined,
    downMs: random.between(0, 600),
  };
}
const together = (names: readonly string[], act: (name: string) => Promise<void>) => Promise.all(names.map(act));

describe('SIGKILL at any instruction', () => {
  it(
    `${KILLS} times, seed ${seed}: nobody signs twice, all agree, and what was accepted is final exactly once`,
    async () => {
      for (let i = 0; i < KILLS; i++) {
        const { names, validator, point, againMs, downMs } = draw();
        if (point === 'any moment') await sleep(random.between(0, 200));
        else await votes.next(validator, point, 500);
        await together(names, (n) => net.kill(n, 'SIGKILL'));
        await sleep(downMs);
        await together(names, (n) => net.start(n));
        if (againMs !== undefined) {
          await sleep(againMs);
          await together(names, (n) => net.kill(n, 'SIGKILL'));
          await together(names, (n) => net.start(n));
        }
        await together(names, (n) => ready(net, n));
        expect(votes.conflicts()).toEqual([]);
      }
      await everythingHolds();
    },
    WIDE_MS,
  );
});

describe('a NATS server that is killed and comes back', () => {
  it(
    'three times under load: the chain goes on by itself, and nothing that was accepted is lost',
    async () => {
      for (const downMs of [0, 500, 2_500]) {
        const { progressMs, allMs } = await natsOutage(net, session, downMs);
        process.stderr.write(
          `NATS was away for ${downMs} ms: progress ${Math.round(progressMs)} ms after its start, all ${Math.round(allMs)} ms\n`,
        );
      }
      await everythingHolds();
      expect(votes.longest).toBeLessThanOrEqual(10 * 1024); // C2
    },
    WIDE_MS,
  );
});

describe('a disk that fails', () => {
  const when = at.path('fail');
  const victim = (service: CellService) => serviceName(3, service);
  const logs = { consensus: 'log', storage: 'blocks', 'crypto-signing': 'record' } as const;
  const services = Object.keys(logs) as (keyof typeof logs)[];
  /** KiB until the disk is full: a second's work of each. */
  const room = { consensus: 24, storage: 24, 'crypto-signing': 6 } as const;
  /** @param fault asked for when nothing is written any more */
  const restarted = async (name: string, fault: () => NonNullable<typeof faults>) => {
    await net.kill(name, 'SIGTERM');
    faults = fault();
    await net.start(name);
    faults = undefined;
  };
  it.each(services)(
    'an fsync of %s that fails ends it with 70, at once and without another try; it comes back when the disk is well',
    async (service) => {
      const name = victim(service);
      rmSync(when, { force: true });
      const preload = `--import ${join(import.meta.dirname, 'support', 'fail-disk.mjs')}`;
      const env = { NODE_OPTIONS: preload, FAIL_DISK: 'datasync EIO', FAIL_DISK_WHEN: when };
      await restarted(name, () => ({ name, env }));
      await ready(net, name);
      writeFileSync(when, '');
      expect(await net.ended(name)).toBe(70);
      expect(lastLines(net.at.log(name)).join('\n')).toMatch(/cannot be read or written: EIO/);
      expect(statSync(`${when}.after`, { throwIfNoEntry: false })).toBeUndefined();
      await net.start(name);
      await ready(net, name);
    },
    WIDE_MS,
  );
  it.each(services)(
    'no space for %s ends it with 69; it goes on where it was when there is space',
    async (service) => {
      const name = victim(service);
      await restarted(name, () => {
        truncateSync(net.at.log(name)); // the limit is on each file, and its lines go into one as well
        const { file } = lastByteOf(join(net.at.data(3, service), logs[service]));
        return { name, fileKiB: Math.ceil(statSync(file).size / 1024) + room[service] };
      });
      expect(await net.ended(name)).toBe(69);
      expect(lastLines(net.at.log(name)).join('\n')).toMatch(/no space is left/);
      await net.start(name);
      await ready(net, name);
    },
    WIDE_MS,
  );
  it(
    'and after all that everything holds: one chain, each promise kept once',
    async () => {
      await everythingHolds();
      await lanes.stop();
      const { height, chains, lost, twice, paid } = await chainFacts(session, lanes);
      expect(height).toBeGreaterThan(KILLS);
      expect([chains, lost, twice]).toEqual([1, [], []]);
      expect(paid[0]).toBe(paid[1]);
    },
    WIDE_MS,
  );
});

describe('a flipped bit', () => {
  const logs: [service: string, folder: () => string][] = [
    ['consensus', () => join(net.at.data(0, 'consensus'), 'log')],
    ['crypto-signing', () => join(net.at.data(0, 'crypto-signing'), 'record')],
    ['storage', () => join(net.at.data(0, 'storage'), 'blocks')],
  ];
  beforeAll(() => net.stopAll(), 60_000);
  it.each(logs)(
    'in the log that %s left, 1,000 of them: each is named with file and record, none is served',
    async (_, folder) => {
      const { flips, named, wrong } = await flipBits(folder(), 1_000, random);
      expect([named, wrong]).toEqual([flips, []]);
    },
    WIDE_MS,
  );
  it.each(logs)(
    'in the last record that %s wrote ends its start with 70, and its log says where',
    async (service, folder) => {
      const name = serviceName(0, service as CellService);
      const { file, bytes } = lastByteOf(folder());
      writeFileSync(file, bytes);
      await net.start(name);
      expect(await net.ended(name)).toBe(70);
      expect(lastLines(net.at.log(name)).join('\n')).toMatch(new RegExp(`${file} is corrupt at byte \\d+: record \\d+ of the segment`));
    },
    WIDE_MS,
  );
});
