import type { SignedVote } from '@bursar/protocol';
import type { Effect } from './effect.ts';
import type { LogRecord } from './log-record.ts';
import { initialState, openHeight } from './open-height.ts';
import type { Params } from './params.ts';
import { lostCommit, recallRecords } from './recall-records.ts';
import type { Start } from './state.ts';
import type { Step } from './step.ts';
import { beginTurn } from './turn.ts';

export type Halt = Extract<Effect, { type: 'halt' }>;

/**
 * The state after a restart: storage says what is final, the log and the signer what this validator said since. Give it to a
 * `Driver`, which makes what was read durable before it acts on it.
 *
 * @param records the log from its oldest record to the last whole one.
 * @param signed every row of the signer for this chain and validator above `start.height` (more does no harm).
 * @returns a `halt`: LogBehind when a Commit was signed whose PreparedCert is lost, StateForkDetected when a block certified in the log does not fit storage.
 */
export function recover(params: Params, start: Start, records: readonly LogRecord[], signed: readonly SignedVote[]): Step | Halt {
  // Storage may have been put back to an older height. What the log knows to have been executed is final: it is caught up with, and
  // as the log has forgotten how we voted there, nothing is signed below.
  const floor = records.reduce((f, r) => (r.kind === 'floor' ? Math.max(f, r.height) : f), start.height);
  const memory = recallRecords(params, floor, records, signed);
  for (const [height, recalled] of memory) {
    const lost = lostCommit(recalled);
    if (lost === undefined) continue;
    const reason = `Commit ${lost.digest} of height ${height}, view ${lost.view} is signed, but the consensus log lacks its PreparedCert`;
    return { type: 'halt', name: 'LogBehind', reason };
  }
  const t = beginTurn(params, { ...initialState(params, start), memory, floor, muteBelow: floor + 1 }, 0);
  openHeight(t, t.s.tip);
  return t.effects.find((e): e is Halt => e.type === 'halt') ?? { state: t.s, effects: t.effects };
}
