import { advanceSchedule, leaderOrder, nextBeacon } from '@bursar/membership';
import { type Block, batchRefsDigest, type Certificate, type Digest } from '@bursar/protocol';
import { nothingHeard } from './heard.ts';
import type { Params } from './params.ts';
import { recall } from './recall.ts';
import type { Start, State, Tip } from './state.ts';
import type { Turn } from './turn.ts';
import { closeHeight } from './witness.ts';

const NO_BATCHES = batchRefsDigest([]);

/** @param chain stands for the digest of the header at height 0 */
export function tipOf(chain: Digest, start: Start): Tip {
  const { header, certificate } = start;
  return {
    ...start,
    digest: certificate === undefined ? chain : certificate.digest,
    content: header !== undefined && header.batches !== NO_BATCHES,
  };
}

/** The tip after the decided block, with the roots that storage computed. */
export const nextTip = (tip: Tip, block: Block, certificate: Certificate, stateRoot: Digest, resultsRoot: Digest): Tip =>
  tipOf(block.header.chain, startAfter(tip, [block], certificate, stateRoot, resultsRoot));

/**
 * Where storage stands after these blocks, which follow `start`.
 * @param certificate of the newest of them; the roots are those after it
 */
export function startAfter(
  start: Start,
  blocks: readonly Block[],
  certificate: Certificate,
  stateRoot: Digest,
  resultsRoot: Digest,
): Start {
  const nextBatch = start.nextBatch.slice();
  let { schedule, header, time, height } = start;
  for (const block of blocks) {
    ({ header } = block);
    ({ time, height } = block.header);
    schedule = advanceSchedule(schedule, block.header);
    for (const ref of block.batches) nextBatch[ref.origin] = ref.number + 1;
  }
  return { height, header, certificate, stateRoot, resultsRoot, time, nextBatch, schedule };
}

/** What a state holds is replaced, never changed: all heights begin with the same. */
const nothing = new Map<never, never>();
const nobody = new Set<never>();

/** A height of which nothing has happened yet, above `tip`. */
export function freshHeight(params: Params, tip: Tip) {
  const n = params.set.validators.length;
  const height = tip.height + 1;
  return {
    tip,
    height,
    order: leaderOrder(params.set, tip.schedule, height),
    beacon: nextBeacon(tip.schedule.beacon, height),
    phase: 'Idle',
    view: 0,
    standing: 'active',
    mandatory: undefined,
    justification: [],
    accepted: undefined,
    intents: {},
    sent: [],
    lastVote: undefined,
    prepared: undefined,
    known: nothing,
    fetching: nobody,
    tallies: nothing,
    viewChanges: new Array(n).fill([]),
    newViews: new Array(n).fill(undefined),
    found: nothing,
    offered: new Array(n).fill(undefined),
    heard: new Array(n).fill(nothingHeard),
    decided: undefined,
    openedAt: undefined,
    dueAt: Infinity,
    deadline: Infinity,
    resendAt: Infinity,
    resends: 0,
  } satisfies Partial<State>;
}

/** The state at `start`, when neither the log nor the signer holds anything of a later height. */
export function initialState(params: Params, start: Start): State {
  const n = params.set.validators.length;
  return {
    ...freshHeight(params, tipOf(params.chain, start)),
    muteBelow: 0,
    forgottenBelow: 0,
    past: [],
    early: Array.from({ length: n }, () => []),
    finalAt: new Array(n).fill(0),
    batches: [],
    memory: new Map(),
    clock: -Infinity,
    catchUpAt: -Infinity,
    wakeAt: Infinity,
    halted: false,
    floor: start.height,
  };
}

/** Opens the height above `tip`: view 0 with base timers (K6), or where the log of an earlier run left it. */
export function openHeight(t: Turn, tip: Tip): void {
  if (tip.height === t.s.height) closeHeight(t);
  Object.assign(t.s, freshHeight(t.params, tip));
  const recalled = t.s.memory.get(t.s.height);
  if (t.s.memory.size > 0) t.s.memory = new Map([...t.s.memory].filter(([height]) => height > t.s.height));
  if (recalled !== undefined) recall(t, recalled);
}
