import { describe, expect, it } from '@jest/globals';
import { runCommand } from '../checks/command.ts';
import { type Check, countJest, exitCode, fail, lastLine, type Outcome, pass, runChecks, skip } from '../checks/outcome.ts';
import { select } from '../checks/select.ts';

const ok = { ok: true, output: '' };
const bad = { ok: false, output: 'Segmentation fault' };
const report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 0 };

describe('jest is counted by test', () => {
  it.each<[string, object | undefined, { ok: boolean; output: string }, [number, number, number]]>([
    ['all passed', { numPassedTests: 3 }, ok, [3, 0, 0]],
    ['one failed', { numPassedTests: 3, numFailedTests: 1 }, bad, [3, 1, 0]],
    ['skipped and planned tests are skipped', { numPassedTests: 1, numPendingTests: 2, numTodoTests: 1 }, ok, [1, 0, 3]],
    ['a file that could not run is a failure', { numRuntimeErrorTestSuites: 1 }, bad, [0, 1, 0]],
    ['a crash after the last test is a failure', { numPassedTests: 3 }, bad, [3, 1, 0]],
    ['a crash without a report is a failure', undefined, bad, [0, 1, 0]],
    ['no report is a failure even with exit code 0', undefined, ok, [0, 1, 0]],
  ])('%s', (_sentence, numbers, result, [passed, failed, skipped]) => {
    expect(countJest(numbers && { ...report, ...numbers }, result)).toMatchObject({ passed, failed, skipped });
  });
});

describe('the last line and the exit code', () => {
  const some: Outcome = { passed: 7, failed: 0, skipped: 0, output: '' };
  it.each<[string, Outcome[], string, number]>([
    ['adds up', [some, pass(), pass()], '9 passed, 0 failed', 0],
    ['names what was skipped', [some, skip('no source')], '7 passed, 0 failed, 1 skipped', 0],
    ['fails with one failure', [some, fail('x')], '7 passed, 1 failed', 1],
    ['fails when nothing ran', [], '0 passed, 0 failed', 1],
    ['fails when everything was skipped', [skip('x')], '0 passed, 0 failed, 1 skipped', 1],
  ])('%s', (_sentence, outcomes, line, code) => {
    expect(lastLine(outcomes)).toBe(line);
    expect(exitCode(outcomes)).toBe(code);
  });
});

describe('running checks', () => {
  const named = (name: string, run: Check['run'] = async () => pass()): Check => ({ name, run });

  it('goes on after a failure and after a check that throws', async () => {
    const broken = named('b', async () => {
      throw new Error('broken');
    });
    const outcomes = await runChecks([named('a', async () => fail('x')), broken, named('c')], [broken, named('d')], 2, () => {});
    expect([lastLine(outcomes), exitCode(outcomes)]).toEqual(['2 passed, 3 failed', 1]);
  });

  it('never runs more at once than it has lanes, and of those that stand alone one, before the others', async () => {
    const running = new Set<string>();
    const began: string[] = [];
    let most = 0;
    const busy = (name: string): Check =>
      named(name, async () => {
        running.add(name);
        began.push(name);
        most = Math.max(most, running.size);
        if (name.startsWith('alone')) expect([...running].filter((n) => n.startsWith('alone'))).toEqual([name]);
        await new Promise(setImmediate);
        running.delete(name);
        return pass();
      });
    const outcomes = await runChecks(['a', 'b', 'c', 'd', 'e'].map(busy), ['alone 1', 'alone 2'].map(busy), 2, () => {});
    expect(lastLine(outcomes)).toBe('7 passed, 0 failed');
    expect(most).toBe(2);
    expect(began[0]).toBe('alone 1');
    expect([...began].sort()).toEqual(['a', 'alone 1', 'alone 2', 'b', 'c', 'd', 'e']);
  });

  const all = ['lint', 'types libs/pbft', 'jest libs/pbft', 'jest apps/bursar'].map((n) => named(n));
  it.each<[string[], string[]]>([
    [[], all.map((c) => c.name)],
    [['lint'], ['lint']],
    [['jest'], ['jest libs/pbft', 'jest apps/bursar']],
    [['pbft'], ['types libs/pbft', 'jest libs/pbft']],
    [['libs/pbft'], ['types libs/pbft', 'jest libs/pbft']],
    [['@bursar/pbft'], ['types libs/pbft', 'jest libs/pbft']],
    [
      ['jest libs/pbft', 'lint'],
      ['lint', 'jest libs/pbft'],
    ],
  ])('--only %j', (only, names) => expect([...select(all, only)]).toEqual(names));
  it('refuses a name that nothing answers to', () => expect(select(all, ['lint', 'nosuch'])).toContain('nosuch'));
});

describe('a command', () => {
  const node = (script: string, timeoutMs = 60_000, graceMs = 3_000, behind = false) =>
    runCommand(process.execPath, ['-e', script], { cwd: '.', env: { PATH: process.env['PATH'] }, timeoutMs, graceMs, behind });

  it('passes with exit code 0', async () => expect(await node('console.log("hello")')).toEqual({ ok: true, output: 'hello' }));
  it('gives way to everything when it is told to, with its arguments whole', async () =>
    expect(await node('console.log(os.getPriority(), "a  \\"b\\"")', 60_000, 3_000, true)).toEqual({ ok: true, output: '10 a  "b"' }));
  it('fails with another code and keeps both streams', async () => {
    const r = await node('console.log("out"); console.error("err"); process.exitCode = 3');
    expect(r.ok).toBe(false);
    expect(r.output).toMatch(/exit code 3$/);
    expect(r.output.split('\n').sort()).toEqual(['err', 'exit code 3', 'out']);
  });
  it('fails when a signal ends it', async () =>
    expect(await node('process.kill(process.pid, "SIGKILL")')).toMatchObject({ ok: false, output: 'ended by SIGKILL' }));
  it('is stopped at its deadline', async () =>
    expect(await node('setInterval(() => {}, 1000)', 200)).toMatchObject({
      ok: false,
      output: expect.stringContaining('not finished after 0.2 s'),
    }));
  it('fails when it leaves a process running, and ends that process', async () => {
    const r = await node(
      'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }).unref()',
    );
    // That it ends at all shows that the process is gone: it held our pipe.
    expect(r).toMatchObject({ ok: false, output: expect.stringMatching(/^left running: \d+ \(/) });
  });
  it('fails when there is no such program', async () =>
    expect(await runCommand('/no/such/program', [], { cwd: '.', env: {}, timeoutMs: 1000 })).toMatchObject({ ok: false }));
});
