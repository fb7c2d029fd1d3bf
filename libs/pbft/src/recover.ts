import type { SignedVote } from '@bursar/protocol';
import type { Effect } from './effect.ts';
import type { LogRecord } from './log-record.ts';
import { initialState, openHeight } from './open-height.ts';
import type { Params } from './params.ts';
import { lastSpoken, lostCommit, recallRecords } from './recall-records.ts';
import type { Start } from './state.ts';
import type { Step } from './step.ts';
import { beginTurn, reject } from './turn.ts';

export type Halt = Extract<Effect, { type: 'halt' }>;

/**
 * The state after a restart: storage says what is final, the log and the signer what this validator said since. Give it to a
 * `Driver`, which makes what was read durable before it acts on it.
 *
 * Storage may have been put back to an older height, and the log may be lost. What the log knows to have been executed is final, and so is everything below a
 * height of which we ever spoke, for that height opened when storage had executed the one before it: there we catch up and, as how we voted may
 * be forgotten, sign nothing. Of the height of which we spoke last the signer tells all that was signed. Only if that is a Commit whose
 * PreparedCert is lost, LogBehind is told, and we sign nothing there either: a ViewChange that hides the Commit forks, silence does not.
 *
 * @param records the log from its oldest record to the last whole one.
 * @param signed rows of the signer for this chain and validator above `start.height`; of many the newest, those of the highest height all.
 * @returns a `halt`: StateForkDetected when a block certified in the log does not fit storage.
 */
export function recover(params: Params, start: Start, records: readonly LogRecord[], signed: readonly SignedVote[]): Step | Halt {
  const floor = records.reduce((f, r) => (r.kind === 'floor' ? Math.max(f, r.height) : f), start.height);
  const memory = recallRecords(params, floor, records, signed);
  const spoken = Math.max(floor + 1, lastSpoken(memory));
  const lost = lostCommit(memory.get(spoken));
  const muteBelow = lost === undefined ? spoken : spoken + 1;
  const t = beginTurn(params, { ...initialState(params, start), memory, floor, muteBelow, forgottenBelow: muteBelow }, 0);
  if (lost !== undefined) reject(t, 'LogBehind', params.self, lost.height, lost.view);
  openHeight(t, t.s.tip);
  return t.effects.find((e): e is Halt => e.type === 'halt') ?? { state: t.s, effects: t.effects };
}
