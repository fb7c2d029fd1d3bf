/** bursar.treasury.v1.Executor: status for everybody, control for whoever has the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ExecutorStatus } from '@bursar/executor';
import { fromHex, type Hex32 } from '@bursar/protocol';
import type { executor as rpc } from '@bursar/protocol/rpc';
import { type CallContext, type Handlers, type Logger, rejection, type Secret } from '@bursar/shared-core';

export interface ExecutorControl {
  readonly shard: number;
  readonly key: Hex32;
  readonly token: Secret;
  readonly log: Logger;
  status(): ExecutorStatus;
  setPlanning(enabled: boolean): void;
  /** Never beside another tick. */
  redrive(): Promise<number>;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The service is public, but for two calls. @throws Unauthenticated */
function authenticate(token: Secret, context: CallContext): void {
  const given = context.header('authorization');
  // Digests have one length, so the comparison takes one time, whatever was sent.
  if (!timingSafeEqual(digest(`Bearer ${token.reveal()}`), digest(given ?? '')))
    throw rejection('Unauthenticated', given ? 'the bearer token is wrong' : 'the call carries no bearer token');
}

export function executorHandlers(control: ExecutorControl): Handlers<(typeof rpc.Executor)['method']> {
  const { shard, key, token, log } = control;
  return {
    async getStatus() {
      const s = control.status();
      return {
        shard,
        executor: fromHex(key),
        leaseHolder: s.leaseHolder === undefined ? new Uint8Array() : fromHex(s.leaseHolder),
        leaseEpoch: s.leaseEpoch,
        leaseLeftMs: BigInt(s.leaseLeftMs),
        lastTickMs: BigInt(s.lastTick),
        lastSuccessMs: BigInt(s.lastSuccess),
        lastErrorMs: BigInt(s.lastError),
        lastError: s.lastErrorText,
        matured: s.matured,
        staged: s.staged,
        lastSeq: s.lastSeq,
        breaker: s.breaker,
        paid: BigInt(s.paid),
        planningStopped: s.planningStopped,
      };
    },
    async setPlanning({ enabled, reason }, context) {
      authenticate(token, context);
      control.setPlanning(enabled);
      log.warn({ enabled, reason }, enabled ? 'planning was started' : 'planning was stopped');
      return {};
    },
    async redrive(_, context) {
      authenticate(token, context);
      const planned = await control.redrive();
      log.info({ planned }, 'redriven');
      return { planned };
    },
  };
}
