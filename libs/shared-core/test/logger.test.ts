import { describe, expect, it } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { contextFrom, createLogger, type LogFields, rejection } from '../src/index.ts';

function lines(level: 'debug' | 'info' = 'info') {
  const out: string[] = [];
  const log = createLogger({ service: 'storage', instance: 'validator-0', level, destination: { write: (line) => void out.push(line) } });
  return { log, out, last: () => JSON.parse(out.at(-1) ?? '{}') };
}

describe('O2 log lines', () => {
  it('C9: time, level, event type, message and context', () => {
    const { log, last } = lines();
    log.event('StateTransition', { from: 'Idle', to: 'Prepared', height: 7 }, 'prepared');
    expect(last()).toMatchObject({
      level: 'info',
      event: 'StateTransition',
      msg: 'prepared',
      service: 'storage',
      instance: 'validator-0',
      from: 'Idle',
      height: 7,
    });
    expect(new Date(last().time).toISOString()).toBe(last().time);
  });
  it('an event type outside C9 does not compile', () => {
    const { log } = lines();
    // @ts-expect-error not one of the event types
    log.event('SomethingElse', {}, 'x');
  });
  it.each(['token', 'key', 'seed', 'authorization', 'password', 'privateKey', 'apiToken', 'keystorePassphrase'])(
    'the value of %s is hidden at any depth',
    (name) => {
      const { log, out } = lines();
      log.info({ [name]: 'hunter2', a: { b: { [name]: 'hunter2' } } }, 'x');
      expect(out.join('')).not.toContain('hunter2');
      expect(out.join('')).toContain('[redacted]');
    },
  );
  it('names that only look like secrets stay readable', () => {
    const { log, last } = lines();
    log.info({ publicKey: 'ab', keyId: 'k1', clientKey: 'c' }, 'x');
    expect(last()).toMatchObject({ publicKey: 'ab', keyId: 'k1', clientKey: 'c' });
  });
  it('input cannot forge a line or the logger’s own fields', () => {
    const { log, out, last } = lines();
    log.info({ memo: 'x"}\n{"level":"fatal"}', level: 'fatal', msg: 'forged', trace_id: 'forged' }, 'line\nbreak');
    expect(out).toHaveLength(1);
    expect(out[0]?.trim().split('\n')).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'info', msg: 'line\nbreak', field_level: 'fatal', field_trace_id: 'forged' });
  });
  const circular: Record<string, unknown> = { a: 1 };
  circular['self'] = circular;
  it.each<[string, LogFields, unknown]>([
    ['long text is cut', { v: 'x'.repeat(1e6) }, expect.stringMatching(/^x{2048}… \(1000000 characters\)$/)],
    ['a long list is cut', { v: Array.from({ length: 1_000 }, () => 1) }, expect.arrayContaining(['… 968 more'])],
    ['bytes are hex', { v: new Uint8Array([1, 255]) }, '01ff'],
    ['an amount keeps all digits', { v: 2n ** 64n }, '18446744073709551616'],
    ['a circle ends', { v: circular }, { a: 1, self: '[circular]' }],
    ['depth ends', { v: { a: { b: { c: { d: { e: 1 } } } } } }, { a: { b: { c: { d: '[deep]' } } } }],
    [
      'a throwing getter is survived',
      {
        get v() {
          throw new Error('no');
        },
      },
      '[unreadable]',
    ],
    [
      'an error shows code, reason and remedy',
      { v: rejection('QueueFull') },
      expect.objectContaining({ code: 5001, reason: 'QUEUE_FULL', remedy: expect.any(String) }),
    ],
  ])('%s', (_, fields, expected) => {
    const { log, last } = lines();
    log.info(fields, 'x');
    expect(last().v).toEqual(expected);
  });
  it('children add their fields, levels filter', () => {
    const { log, out, last } = lines();
    const child = log.child({ height: 3, token: 'hunter2' });
    child.debug('hidden');
    expect(out).toHaveLength(0);
    child.warn('seen');
    expect(last()).toMatchObject({ height: 3, token: '[redacted]', level: 'warn' });
    expect(log.isEnabled('debug')).toBe(false);
  });
  it('without a span there are no trace ids', () => {
    const { log, last } = lines();
    context.with(contextFrom(undefined), () => log.info('x'));
    expect(last()).not.toHaveProperty('trace_id');
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
