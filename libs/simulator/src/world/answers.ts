/** What a validator tells a peer that asks. */
import type { Proposal } from '@bursar/pbft';
import type { Digest, Message } from '@bursar/protocol';
import type { BatchPool } from './batch-pool.ts';
import { type Envelope, FINALS_PER_ANSWER, type FinalBlock, type Want } from './envelope.ts';
import type { StorageDouble } from './storage.ts';

export interface Known {
  readonly storage: StorageDouble;
  readonly pool: BatchPool;
  proposal(digest: Digest): Proposal | undefined;
  viewChange(want: Extract<Want, { type: 'view-change' }>): Message | undefined;
}

/** `undefined`: nothing to tell. */
export function answerTo(want: Want, known: Known): Envelope | undefined {
  switch (want.type) {
    case 'final': {
      const finals = finalsFrom(known.storage, want.height);
      return finals.length > 0 ? { kind: 'finals', finals } : undefined;
    }
    case 'block': {
      const proposal = known.proposal(want.digest);
      return proposal && { kind: 'proposal', proposal };
    }
    case 'view-change': {
      const message = known.viewChange(want);
      return message && { kind: 'message', message };
    }
    case 'bodies': {
      const digests = want.digests.filter((d) => known.pool.hasBody(d));
      return digests.length > 0 ? { kind: 'bodies', digests } : undefined;
    }
  }
}

function finalsFrom(storage: StorageDouble, height: number): FinalBlock[] {
  const finals: FinalBlock[] = [];
  for (let h = height; finals.length < FINALS_PER_ANSWER; h++) {
    const stored = storage.at(h);
    if (stored === undefined) break;
    finals.push({ block: stored.block, certificate: stored.certificate });
  }
  return finals;
}
