import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { bursar, json, processesOf, root, scratch } from './support/program.ts';

const at = scratch('devnet');
const dir = at.path('net');
const cli = (...args: string[]) => bursar(['devnet', ...args, '--dir', dir]);
const WIDE_MS = 180_000;
afterAll(async () => {
  await cli('down');
  at.remove();
}, 30_000);

async function gone(folder: string): Promise<string[]> {
  for (const end = Date.now() + 30_000; processesOf(folder).length > 0 && Date.now() < end; ) await sleep(100);
  return processesOf(folder);
}

describe('devnet', () => {
  it(
    'comes up, says so, comes up only once, goes down, and goes on from where it was',
    async () => {
      const up = json(await cli('up', '--json')) as { started: string[]; chain: string };
      expect(up.started).toHaveLength(18);
      expect(await cli('up')).toMatchObject({ code: 0, stdout: expect.stringMatching(/Everything runs already/) });
      expect(await cli('up', '--fresh')).toMatchObject({ code: 69, stderr: expect.stringMatching(/is running/) });
      const height = async () => (json(await bursar(['status', '--json', '--dir', dir])) as { height: number }).height;
      while ((await height()) < 3) await sleep(200);
      const before = await height();
      expect(await cli('down')).toMatchObject({ code: 0, stdout: expect.stringMatching(/18 processes stopped/) });
      expect(await gone(dir)).toEqual([]);
      expect(await bursar(['status', '--dir', dir])).toMatchObject({ code: 69, stderr: expect.stringMatching(/6001 PEER_UNREACHABLE/) });
      expect(json(await cli('up', '--json'))).toMatchObject({ chain: up.chain });
      expect(await height()).toBeGreaterThanOrEqual(before);
      await cli('down');
      expect(await gone(dir)).toEqual([]);
    },
    WIDE_MS,
  );
});

function demo(folder: string): { child: ChildProcess; says: (text: RegExp) => Promise<void>; exit: Promise<number | null> } {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'apps', 'bursar', 'bin', 'bursar.mjs'), 'demo', '--dir', folder], { env });
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const says = async (text: RegExp) => {
    for (const end = Date.now() + 120_000; !text.test(out); await sleep(50))
      if (Date.now() > end) throw new Error(`it did not say ${text}: ${out}`);
  };
  return { child, says, exit };
}

describe('a demonstration that is broken off', () => {
  it(
    'by Ctrl-C ends with 130 and leaves nothing running',
    async () => {
      const { child, says, exit } = demo(at.path('interrupted'));
      await says(/Imported 500/);
      child.kill('SIGINT');
      expect(await exit).toBe(130);
      expect(await gone(at.path('interrupted'))).toEqual([]);
    },
    WIDE_MS,
  );
  it(
    'by SIGKILL of the program itself leaves nothing running either',
    async () => {
      const folder = at.path('killed');
      const { says, exit } = demo(folder);
      await says(/Imported 500/);
      const program = processesOf(folder).length; // the program, its shell and its services
      expect(program).toBeGreaterThan(17);
      const { readdirSync, readFileSync } = await import('node:fs');
      for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
        const line = (() => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          } catch {
            return '';
          }
        })();
        if (line.includes('main.ts\0demo') && line.includes(folder)) process.kill(Number(pid), 'SIGKILL');
      }
      expect(await exit).not.toBe(0);
      expect(await gone(folder)).toEqual([]);
    },
    WIDE_MS,
  );
});
