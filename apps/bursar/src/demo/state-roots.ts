/** Whether all validators computed the same state: their own roots at one height. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@bursar/client';
import { toHex } from '@bursar/protocol';
import { messageOf } from '@bursar/shared-core';
import { DemoFailed } from './demo-failed.ts';

export interface ValidatorRoot {
  readonly id: string;
  readonly height: number;
  readonly stateRoot: string;
}

/**
 * Asks all storages until they report one height, at least `fromHeight`, at the same moment.
 * @throws DemoFailed when two roots of that height differ, or they do not meet in time
 */
export async function commonRoots(
  { validators }: Connection,
  names: readonly string[],
  fromHeight: number,
  timeoutMs: number,
): Promise<ValidatorRoot[]> {
  const deadline = Date.now() + timeoutMs;
  let last = 'nobody answered';
  do {
    try {
      const all = await Promise.all(validators.map((v) => v.ledger.getStatus({}, { timeoutMs: 2_000 })));
      const roots = all.map((s, i) => ({ id: names[i] ?? String(i), height: Number(s.height), stateRoot: toHex(s.stateRoot) }));
      const [first] = roots;
      if (first && first.height >= fromHeight && roots.every((r) => r.height === first.height)) {
        if (roots.some((r) => r.stateRoot !== first.stateRoot))
          throw new DemoFailed(`the validators disagree about the state at height ${first.height}`, 'validator-0-storage');
        return roots;
      }
      last = roots.map((r) => `${r.id} at ${r.height}`).join(', ');
    } catch (e) {
      if (e instanceof DemoFailed) throw e;
      last = messageOf(e);
    }
    await sleep(40);
  } while (Date.now() < deadline);
  throw new DemoFailed(
    `the validators did not come to one height in ${Math.round(timeoutMs / 1_000)} s (${last})`,
    'validator-3-consensus',
  );
}
