import { keyPairFromSeed, sign } from '@bursar/crypto';
import {
  type Evidence,
  evidenceOf,
  type Phase,
  type Statement,
  type TransactionResult,
  type ViewChange,
  viewChangeDigest,
  voteHash,
  voteOf,
} from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { bounds } from '../src/bounds.ts';
import { Ledger } from '../src/index.ts';
import { genesis, idOf, type Unsigned, World } from './support/world.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const keyOf = (validator: number) => {
  const seed = new Uint8Array(32);
  seed.set(new TextEncoder().encode(`v${validator}`));
  return keyPairFromSeed(seed).secretKey;
};
const { chain } = new World().ledger;

function said(validator: number, height: number, phase: Phase, view: number, digest: string, content?: ViewChange): Statement {
  const bare = { phase, view, digest, content, signature: new Uint8Array(64) };
  const vote = voteOf(chain, { epoch: 0, height } as Evidence, bare);
  return { ...bare, signature: sign(keyOf(validator), voteHash(vote)) };
}
const doubled = (validator: number, height: number, phase: Phase = 'prepare', view = 0): Evidence =>
  evidenceOf(validator, 0, height, said(validator, height, phase, view, A), said(validator, height, phase, view, B));
function forgotten(validator: number, height: number): Evidence {
  const content: ViewChange = { lastVote: undefined, prepared: undefined };
  const left = said(validator, height, 'view-change', 1, viewChangeDigest(content), content);
  return evidenceOf(validator, 0, height, said(validator, height, 'prepare', 0, A), left);
}
const tx = (evidence: Evidence, by = 'v0', nonce?: bigint): Unsigned => ({
  by,
  action: { kind: 'evidence', evidence },
  ...(nonce === undefined ? {} : { nonce }),
});

describe('K6 the ledger records what is proven', () => {
  it('with everything that anybody needs to check it, and where it stands', () => {
    const w = new World();
    const evidence = forgotten(1, 1);
    const [result] = w.block([tx(evidence)]);
    expect(result).toMatchObject({ code: 0, consumed: true, height: 1 });
    expect(w.ledger.evidence(0, 10_000)).toEqual([
      {
        validator: 1,
        kind: 'forgotten-prepare',
        evidence,
        reporter: idOf('v0'),
        recorded: { height: 1, time: w.ledger.time, transaction: (result as TransactionResult).transaction },
      },
    ]);
  });

  it('costs no money, needs no account, and changes the state root', () => {
    const [w, other] = [new World(), new World()];
    w.block([tx(doubled(1, 1), 'a passer-by')]);
    other.block([]);
    expect([w.ledger.account(idOf('a passer-by')), w.ledger.evidence(0, 10_000).length]).toEqual([undefined, 1]);
    expect(w.ledger.stateRoot).not.toBe(other.ledger.stateRoot);
    w.ledger.audit();
  });

  it('once for each offender, height and kind: the same transaction gets its first result again, another is refused', () => {
    const w = new World();
    w.block([]);
    const bytes = w.transaction(tx(doubled(1, 1)));
    const [first] = w.block([bytes]);
    expect(w.block([bytes])).toEqual([first]);
    const again = doubled(1, 1, 'prepare', 4);
    expect(w.run([tx(doubled(1, 1), 'v1'), tx(again)])).toEqual(['EvidenceKnown?', 'EvidenceKnown?']);
    expect(w.run([tx(doubled(1, 2)), tx(doubled(1, 1, 'commit')), tx(doubled(0, 1)), tx(forgotten(1, 1))])).toEqual([
      'done',
      'done',
      'done',
      'done',
    ]);
    expect(w.ledger.evidence(0, 10_000).map((e) => [e.validator, e.evidence.height, e.kind])).toEqual([
      [1, 1, 'double-prepare'],
      [1, 2, 'double-prepare'],
      [1, 1, 'double-commit'],
      [0, 1, 'double-prepare'],
      [1, 1, 'forgotten-prepare'],
    ]);
    expect(w.ledger.evidence(1, 2, 1).map((e) => e.kind)).toEqual(['double-prepare', 'double-commit']);
    expect(w.ledger.evidence(0, 9, 0).map((e) => e.validator)).toEqual([0]);
    expect(w.ledger.evidence(5, 9)).toEqual([]);
  });

  it('a replay of the blocks gives the same roots and records', () => {
    const w = new World();
    w.block([tx(doubled(1, 1)), tx(doubled(1, 1), 'v1')]);
    w.block([tx(forgotten(0, 2), 'client')]);
    const again = new Ledger(genesis());
    for (const { block, executed } of w.history) expect(again.execute(block)).toEqual(executed);
    expect(again.evidence(0, 10_000)).toEqual(w.ledger.evidence(0, 10_000));
  });
});

describe('K6 what is refused, and changes nothing', () => {
  const good = doubled(1, 1);
  const rows: [sentence: string, tx: Unsigned, verdict: string][] = [
    ['a signature of another validator', tx({ ...good, validator: 0 }), 'EvidenceInvalid?'],
    ['a validator that does not exist', tx({ ...good, validator: 2 }), 'EvidenceInvalid?'],
    ['a forged signature', tx({ ...good, second: { ...good.second, signature: new Uint8Array(64) } }), 'EvidenceInvalid?'],
    ['two statements that do not contradict each other', tx({ ...good, second: said(1, 1, 'prepare', 1, B) }), 'EvidenceInvalid?'],
    ['another epoch', tx({ ...good, epoch: 1 }), 'EvidenceInvalid?'],
    ['a height that is not reached', tx(doubled(1, 2)), 'SequenceGap?'],
    ['a nonce', tx(good, 'client', 1n), 'MalformedMessage?'],
  ];
  it.each(rows)('%s', (_, unsigned, verdict) => {
    const w = new World();
    expect(w.run([unsigned])).toEqual([verdict]);
    expect(w.ledger.evidence(0, 10_000)).toEqual([]);
  });
  it('what came too early comes true, and the same bytes are taken then', () => {
    const w = new World();
    const bytes = w.transaction(tx(doubled(1, 2)));
    expect([w.run([bytes]), w.run([bytes])]).toEqual([['SequenceGap?'], ['done']]);
  });
});

describe('C6 evidence is bounded', () => {
  it('an origin that fills its batch with false evidence spends its own checks, not those of others', () => {
    const w = new World();
    const forged = (i: number) => ({ ...doubled(1, 1), first: { ...said(1, 1, 'prepare', 0, A), signature: new Uint8Array(64).fill(i) } });
    const many = Array.from({ length: bounds.evidencePerOrigin + 2 }, (_, i) => tx(forged(i)));
    const verdicts = w.run([...many, tx(doubled(1, 1))]);
    expect(verdicts.slice(bounds.evidencePerOrigin - 1)).toEqual(['EvidenceInvalid?', 'RateLimited?', 'RateLimited?', 'RateLimited?']);
    w.block([tx(doubled(1, 1))], 10, 1);
    expect(w.ledger.evidence(0, 10_000).length).toBe(1);
  });
  it('of one validator only so much is recorded', () => {
    const w = new World();
    for (let height = 1; height <= bounds.evidencePerOffender; height++) w.block([tx(doubled(1, height))]);
    expect(w.run([tx(doubled(1, 1, 'commit')), tx(doubled(1, 1), 'v1'), tx(doubled(0, 1))])).toEqual([
      'EvidenceFull?',
      'EvidenceKnown?',
      'done',
    ]);
    expect(w.ledger.evidence(0, 10_000).length).toBe(bounds.evidencePerOffender + 1);
  });
});
