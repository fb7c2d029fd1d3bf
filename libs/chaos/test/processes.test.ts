import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { burnCpu, clockSkew, freeze, memoryPressure } from '../src/index.ts';

const ALWAYS = { startMs: 0, endMs: 600_000 };
const OVER = { startMs: -1_000, endMs: 0 };
const HOUR = 3_600_000;

/** What an expression comes to in a process under this option. */
async function printed(option: string, program: string): Promise<number[]> {
  const env = { ...process.env, NODE_OPTIONS: `--no-warnings ${option}` };
  const whole = `(async () => console.log(JSON.stringify(await ${program})))()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', whole], { env });
  return JSON.parse(stdout) as number[];
}

describe('clock_skew (C14)', () => {
  const CLOCKS = '[Date.now(), new Date().getTime(), Date.parse(Date()), performance.timeOrigin + performance.now()]';
  it.each([
    ['within its window every clock of the day is off', ALWAYS, HOUR],
    ['after it none is (C16)', OVER, 0],
  ])('%s', async (_, window, expected) => {
    const before = Date.now();
    const clocks = await printed(clockSkew(HOUR, window), CLOCKS);
    const after = Date.now();
    for (const clock of clocks) {
      expect(clock - expected).toBeGreaterThanOrEqual(before - 2_000);
      expect(clock - expected).toBeLessThanOrEqual(after + 2_000);
    }
  });
  it('leaves given dates, and what a Date is, alone', async () => {
    const program =
      '[new Date(5).getTime(), Number(new Date() instanceof Date), Date.UTC(1970, 0, 2), new Date(1970, 0, 1, 0, 0, 1).getSeconds()]';
    expect(await printed(clockSkew(HOUR, ALWAYS), program)).toEqual([5, 1, 86_400_000, 1]);
  });
});

describe('memory_pressure (C14)', () => {
  it('fills the heap', async () => {
    const later = 'new Promise((r) => setTimeout(() => r([process.memoryUsage().heapUsed]), 1))';
    expect((await printed(memoryPressure(96, ALWAYS), later))[0]).toBeGreaterThan(96 * 1024 * 1024);
    expect((await printed(memoryPressure(96, OVER), later))[0]).toBeLessThan(96 * 1024 * 1024);
  });
});

/** One letter: T is stopped; undefined: gone. */
function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch {
    return undefined;
  }
}

describe('signature_failure (C14): a frozen process', () => {
  it('stands still within the window and goes on after it', async () => {
    const child = spawn(process.execPath, ['-e', "process.stdin.on('data', (d) => process.stdout.write(d))"]);
    const echo = (said: string) => {
      child.stdin.write(said);
      return new Promise<string>((resolve) => child.stdout.once('data', (d: Buffer) => resolve(d.toString())));
    };
    expect(await echo('before')).toBe('before');
    const frozen = freeze(child.pid as number, { startMs: 0, endMs: 300 });
    const answer = echo('during');
    await new Promise<void>((resolve) => {
      const look = () => (stateOf(child.pid as number) === 'T' ? resolve() : setImmediate(look));
      look();
    });
    await frozen.ended;
    expect(await answer).toBe('during');
    child.kill();
  });
});

describe('cpu_overload (C14)', () => {
  it('ends with its window and leaves nothing behind when it is stopped', async () => {
    await burnCpu(1, { startMs: 0, endMs: 50 }).ended;
    const stopped = burnCpu(1, ALWAYS);
    stopped.stop();
    await stopped.ended;
  });
});
