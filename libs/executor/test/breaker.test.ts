import { describe, expect, it } from '@jest/globals';
import { admit, type Breaker, counts, newBreaker, type Outcome, breakerDefaults as options, type Permit, settle } from '../src/breaker.ts';

/** Drives a breaker by words: `fail@10` admits and fails at second 10, `admit@`, `ok@`, `skip@` likewise; `hold@` admits and keeps the permit. */
function drive(script: string): { kinds: string; admitted: string; breaker: Breaker } {
  let breaker = newBreaker();
  const held: Permit[] = [];
  const kinds: string[] = [];
  const admitted: string[] = [];
  for (const step of script.split(' ')) {
    const [word = '', at = '0'] = step.split('@');
    const now = Number(at) * 1_000;
    const late = word.startsWith('late-');
    let permit: Permit | undefined;
    if (late) permit = held.shift();
    else {
      const result = admit(breaker, now, options);
      breaker = result.breaker;
      permit = result.permit;
      admitted.push(permit ? '+' : '-');
    }
    if (permit && word === 'hold') held.push(permit);
    else if (permit) {
      const outcomes: Record<string, Outcome> = { fail: 'failure', ok: 'success', skip: 'ignored' };
      breaker = settle(breaker, permit, outcomes[word.replace('late-', '')] as Outcome, now, options);
    }
    kinds.push({ closed: 'c', open: 'o', 'half-open': 'h' }[breaker.kind]);
  }
  return { kinds: kinds.join(''), admitted: admitted.join(''), breaker };
}

describe('breaker (docs/treasury.md: 5 failures in 300 s open, 60 s, 1 or 2 probes, 2 successes close)', () => {
  it.each([
    ['four failures leave it closed', 'fail@0 fail@1 fail@2 fail@3 ok@4', 'ccccc', '+++++'],
    ['the fifth opens it, and nothing is admitted', 'fail@0 fail@1 fail@2 fail@3 fail@4 ok@5', 'ccccoo', '+++++-'],
    ['successes between do not make failures good', 'fail@0 ok@1 fail@2 ok@3 fail@4 ok@5 fail@6 fail@7', 'ccccccco', '++++++++'],
    ['business outcomes never count', 'skip@0 skip@1 skip@2 skip@3 skip@4 skip@5', 'cccccc', '++++++'],
    ['a failure older than 300 s is forgotten', 'fail@0 fail@301 fail@302 fail@303 fail@304 ok@305', 'cccccc', '++++++'],
    ['it stays open for 60 s', 'fail@0 fail@0 fail@0 fail@0 fail@0 ok@59 ok@60', 'ccccooh', '+++++-+'],
    ['two successful probes close it', 'fail@0 fail@0 fail@0 fail@0 fail@0 ok@60 ok@61 ok@62', 'ccccohcc', '++++++++'],
    ['a failed probe opens it again for 60 s', 'fail@0 fail@0 fail@0 fail@0 fail@0 ok@60 fail@61 ok@120 ok@121', 'ccccohooh', '+++++++-+'],
    ['no more than two probes are under way', 'fail@0 fail@0 fail@0 fail@0 fail@0 hold@60 hold@60 ok@60', 'ccccohhh', '+++++++-'],
    [
      'a probe with a business outcome makes room for another',
      'fail@0 fail@0 fail@0 fail@0 fail@0 hold@60 hold@60 late-skip@61 ok@62',
      'ccccohhhh',
      '++++++++',
    ],
    [
      'after closing it counts from nothing',
      'fail@0 fail@0 fail@0 fail@0 fail@0 ok@60 ok@61 fail@62 fail@62 fail@62 fail@62',
      'ccccohccccc',
      '+++++++++++',
    ],
  ])('%s', (_, script, kinds, admitted) => {
    const result = drive(script);
    expect([result.kinds, result.admitted]).toEqual([kinds, admitted]);
  });

  it('an outcome of before it opened is no probe after', () => {
    const late = drive('hold@0 fail@0 fail@0 fail@0 fail@0 fail@0 ok@60 late-ok@61');
    expect(late.kinds).toBe('cccccohh');
    const failed = drive('hold@0 fail@0 fail@0 fail@0 fail@0 fail@0 ok@60 late-fail@61');
    expect(failed.kinds).toBe('cccccohh');
  });

  it('shows what counts at the moment', () => {
    const { breaker } = drive('fail@0 ok@1 ok@200');
    expect(counts(breaker, 200_000, options)).toEqual({ failures: 1, successes: 2 });
    expect(counts(breaker, 350_000, options)).toEqual({ failures: 0, successes: 1 });
    expect(counts(breaker, 900_000, options)).toEqual({ failures: 0, successes: 0 });
  });
});
