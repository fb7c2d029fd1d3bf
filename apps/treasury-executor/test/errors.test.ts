import { BursarError, coreError, type RejectionName, rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { explain } from '../src/errors.ts';

describe('what a failure means to the executor', () => {
  it.each<[RejectionName, ReturnType<typeof explain>['reason']]>([
    ['PeerUnreachable', 'transport'],
    ['DependencyUnavailable', 'transport'],
    ['ProcessingTimeout', 'timeout'],
    ['QueueFull', 'overloaded'],
    ['RateLimited', 'overloaded'],
    ['UnknownAccount', 'rejected'],
  ])('%s is %s', (name, reason) => {
    expect(explain(rejection(name))).toMatchObject({ reason, duplicate: false, journal: false });
  });

  it('what a validator has already was taken', () => {
    expect(explain(rejection('DuplicateMessage')).duplicate).toBe(true);
  });

  it.each(['LogFailed', 'DiskFull', 'LogCorrupt'] as const)('%s means that the journal cannot be written', (name) => {
    expect(explain(coreError(name, 'no'))).toMatchObject({ message: 'no', journal: true });
  });

  it('a stranger is internal, and its text stays out', () => {
    expect(explain(new TypeError('secret'))).toEqual({ reason: 'internal', message: 'internal error', duplicate: false, journal: false });
    expect(explain(undefined).reason).toBe('internal');
    expect(explain(new BursarError({ code: 1, reason: 'NEW', message: 'm', remedy: 'r' })).reason).toBe('rejected');
  });
});
