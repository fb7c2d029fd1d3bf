import {
  decodeTransaction,
  type Evidence,
  evidenceTransaction,
  type RejectionName,
  rejections,
  type TransactionResult,
  toHex,
  transactionId,
} from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { Accuser } from '../src/core/accuser.ts';
import { keysOf } from './support/cell.ts';
import { testGenesis } from './support/genesis.ts';
import { doublePrepare } from './support/offence.ts';

const { chain } = testGenesis(4);
const reporter = toHex(keysOf(1).publicKey);
const offence = (height: number, validator = 3): Evidence => doublePrepare(chain, validator, height);
const idOf = (e: Evidence): string => transactionId(evidenceTransaction(chain, reporter, e));
const settle = () => new Promise((resolve) => setImmediate(resolve));

function rig(bodies: readonly Uint8Array[] = []) {
  const written: string[] = [];
  const told: string[] = [];
  const submitted: string[] = [];
  const failures: unknown[] = [];
  const mempool = new Set<string>();
  const state = { signs: async (): Promise<Uint8Array> => new Uint8Array(64), takes: async () => {} };
  const accuser = new Accuser(
    {
      chain,
      reporter,
      clock: { now: () => 7 },
      journal: { append: (r) => void (r.kind === 'accusation' && written.push(transactionId(r.body))) },
      signer: { signEvidence: () => state.signs() },
      submit: async ({ body }) => {
        await state.takes();
        submitted.push(transactionId(body));
        mempool.add(transactionId(body));
      },
      isPending: (id) => mempool.has(id),
      onAccused: (e, kind) => void told.push(`${e.validator} ${e.height} ${kind}`),
      onFailure: (error) => void failures.push(error),
      limits: { pendingPerOffender: 3, settled: 2 },
    },
    bodies,
  );
  /** The ledger answers, and the mempool forgets. */
  const executed = (e: Evidence, name?: RejectionName, at = 1) => {
    const code = name === undefined ? 0 : rejections[name].code;
    mempool.delete(idOf(e));
    const result: TransactionResult = {
      kind: 'transaction',
      transaction: idOf(e),
      code,
      consumed: code === 0,
      height: 1,
      index: 0,
      items: [],
    };
    accuser.executed(at, (id) => (id === idOf(e) ? result : undefined));
    accuser.executed(at + 1, (id) => (id === idOf(e) ? result : undefined)); // of the block before
  };
  const states = () => accuser.last(100).map((a) => [a.evidence.height, a.state, a.code]);
  return { accuser, written, told, submitted, failures, mempool, state, executed, states };
}

describe('K6 evidence on its way into a block', () => {
  it('is told, written, signed and handed in; the transaction names us and carries nonce 0', async () => {
    const r = rig();
    r.accuser.accuse(offence(5), 'double-prepare');
    expect([r.told, r.written]).toEqual([['3 5 double-prepare'], [idOf(offence(5))]]);
    await settle();
    expect(r.submitted).toEqual([idOf(offence(5))]);
    const [body] = [...r.accuser.live()].map((record) => (record.kind === 'accusation' ? record.body : new Uint8Array()));
    expect(decodeTransaction(body as Uint8Array)).toMatchObject({ signer: reporter, nonce: 0n, chain, action: { kind: 'evidence' } });
  });

  it('once for each offence, while it is pending and afterwards', async () => {
    const r = rig();
    for (let i = 0; i < 3; i++) r.accuser.accuse(offence(5), 'double-prepare');
    await settle();
    r.executed(offence(5));
    r.accuser.accuse(offence(5), 'double-prepare');
    r.accuser.resend();
    await settle();
    expect([r.told.length, r.submitted.length, r.states()]).toEqual([1, 1, [[5, 'recorded', 0]]]);
  });

  const rows: [sentence: string, answer: RejectionName | undefined, state: string][] = [
    ['recorded', undefined, 'recorded'],
    ['somebody else was first', 'EvidenceKnown', 'recorded'],
    ['enough is recorded of that validator', 'EvidenceFull', 'recorded'],
    ['the ledger says that it proves nothing', 'EvidenceInvalid', 'refused'],
    ['too much evidence in one block: it is written and handed in again', 'RateLimited', 'pending'],
    ['its height is not reached: it is written and handed in again', 'SequenceGap', 'pending'],
  ];
  it.each(rows)('%s', async (_, answer, state) => {
    const r = rig();
    const e = offence(5);
    r.accuser.accuse(e, 'double-prepare');
    await settle();
    r.executed(e, answer);
    r.accuser.resend();
    await settle();
    const tries = state === 'pending' ? 2 : 1;
    expect([r.states(), r.submitted.length, r.written.length]).toEqual([
      [[5, state, answer === undefined ? 0 : rejections[answer].code]],
      tries,
      tries,
    ]);
    expect([...r.accuser.live()].length).toBe(state === 'pending' ? 1 : 0);
  });

  it('a full mempool refuses it: it comes again until it is in, and then waits', async () => {
    const r = rig();
    r.state.takes = async () => {
      throw rejection('QueueFull');
    };
    r.accuser.accuse(offence(5), 'double-prepare');
    await settle();
    r.accuser.resend();
    await settle();
    expect([r.submitted, r.states()]).toEqual([[], [[5, 'pending', 0]]]);
    r.state.takes = async () => {};
    r.accuser.resend();
    r.accuser.resend();
    await settle();
    r.accuser.resend();
    await settle();
    expect(r.submitted).toEqual([idOf(offence(5))]);
  });

  it('a signer that finds it false ends it; one that cannot go on ends the process', async () => {
    const r = rig();
    r.state.signs = async () => {
      throw rejection('EvidenceInvalid');
    };
    r.accuser.accuse(offence(5), 'double-prepare');
    await settle();
    expect([r.states(), r.failures]).toEqual([[[5, 'refused', rejections.EvidenceInvalid.code]], []]);
    r.state.signs = async () => {
      throw rejection('SignerBehind');
    };
    r.accuser.accuse(offence(6), 'double-prepare');
    await settle();
    expect(r.failures).toMatchObject([{ reason: 'SIGNER_BEHIND' }]);
  });

  it('after a restart it is handed in again, and not told again', async () => {
    const r = rig([evidenceTransaction(chain, reporter, offence(5))]);
    expect(r.states()).toEqual([[5, 'pending', 0]]);
    r.accuser.accuse(offence(5), 'double-prepare');
    r.accuser.resend();
    await settle();
    expect([r.submitted, r.told]).toEqual([[idOf(offence(5))], []]);
  });

  it('after a restart, when a block had recorded it already: its first result, of that block, ends it, or it would come again for ever', async () => {
    const r = rig([evidenceTransaction(chain, reporter, offence(5))]);
    r.accuser.resend();
    await settle();
    r.executed(offence(5), undefined, 90);
    r.accuser.resend();
    await settle();
    expect([r.states(), r.submitted.length]).toEqual([[[5, 'recorded', 0]], 1]);
  });
});

describe('C6 what waits and what is remembered is bounded', () => {
  it('for each offender by itself', () => {
    const r = rig();
    for (let height = 1; height <= 9; height++) r.accuser.accuse(offence(height), 'double-prepare');
    r.accuser.accuse(offence(1, 2), 'double-prepare');
    expect(r.told).toEqual(['3 1 double-prepare', '3 2 double-prepare', '3 3 double-prepare', '2 1 double-prepare']);
    r.executed(offence(1));
    r.accuser.accuse(offence(9), 'double-prepare');
    expect(r.told.at(-1)).toBe('3 9 double-prepare');
  });
  it('the oldest settled pieces are forgotten', () => {
    const r = rig();
    for (let height = 1; height <= 4; height++) {
      r.accuser.accuse(offence(height), 'double-prepare');
      r.executed(offence(height));
    }
    expect(r.states().map(([height]) => height)).toEqual([3, 4]);
    const [, second] = r.accuser.last(2);
    expect(r.accuser.find(second?.digest ?? '')).toBe(second);
    expect(r.accuser.find('0'.repeat(64))).toBeUndefined();
  });
});
