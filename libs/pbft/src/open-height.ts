import { advanceSchedule, leaderOrder, nextBeacon } from '@bursar/membership';
import { batchRefsDigest, certificateDigest, type Digest, type Header, headerDigest, ZERO_DIGEST } from '@bursar/protocol';
import type { Params } from './params.ts';
import { recall } from './recall.ts';
import type { Decided, Start, State, Tip } from './state.ts';
import type { Turn } from './turn.ts';
import { closeHeight, nothingHeard } from './witness.ts';

const NO_BATCHES = batchRefsDigest([]);

export function tipOf(params: Params, start: Start): Tip {
  const { header, certificate } = start;
  return {
    ...start,
    digest: header === undefined ? params.chain : headerDigest(header),
    certificateDigest: certificate === undefined ? ZERO_DIGEST : certificateDigest(certificate),
    content: header !== undefined && header.batches !== NO_BATCHES,
  };
}

/** The tip after the decided block, with the roots that storage computed. */
export function nextTip(tip: Tip, decided: Decided, stateRoot: Digest, resultsRoot: Digest): Tip {
  const header: Header = decided.block.header;
  const nextBatch = tip.nextBatch.slice();
  for (const ref of decided.block.batches) nextBatch[ref.origin] = ref.number + 1;
  return {
    height: header.height,
    header,
    certificate: decided.certificate,
    certificateDigest: certificateDigest(decided.certificate),
    digest: decided.digest,
    stateRoot,
    resultsRoot,
    time: header.time,
    nextBatch,
    schedule: advanceSchedule(tip.schedule, header),
    content: decided.block.batches.length > 0,
  };
}

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
    known: new Map(),
    fetching: new Set(),
    tallies: new Map(),
    viewChanges: Array.from({ length: n }, () => []),
    newViews: new Array(n).fill(undefined),
    found: new Map(),
    offered: new Array(n).fill(undefined),
    heard: new Array(n).fill(nothingHeard),
    decided: undefined,
    openedAt: undefined,
    dueAt: Infinity,
    deadline: Infinity,
    resendAt: Infinity,
  } satisfies Partial<State>;
}

/** The state at `start`, when neither the log nor the signer holds anything of a later height. */
export function initialState(params: Params, start: Start): State {
  const n = params.set.validators.length;
  return {
    ...freshHeight(params, tipOf(params, start)),
    muteBelow: 0,
    past: [],
    early: Array.from({ length: n }, () => []),
    finals: new Map(),
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
  if (recalled === undefined) return;
  const memory = new Map(t.s.memory);
  for (const height of memory.keys()) if (height <= t.s.height) memory.delete(height);
  t.s.memory = memory;
  recall(t, recalled);
}
