/**
 * The journal of signed batches. Losing it is safe: seq and lease come from the ledger, which pays nothing twice. Keeping it means
 * that after a crash the same bytes are sent again, instead of new ones that would collide with them.
 */
import { DecodeError, type Digest, decode, encode, type Hex32 } from '@bursar/protocol';
import { type Intent, readIntent } from './intent.ts';
import { type Ending, journalRecord } from './journal-record.ts';
import type { JournalLog } from './ports.ts';

/** Beyond this the unresolved intents are written anew and the older segments dropped, bytes. */
const COMPACT_BYTES = 8 * 1024 * 1024;

export interface Replayed {
  /** Ascending by seq. */
  readonly unresolved: readonly Intent[];
  /** Height of a final block that was known when the last of them was signed, 0 for none: whoever believes less knows another lease. */
  readonly seen: number;
  /** Records that are not this executor's, or of a later version. */
  readonly foreign: number;
}

/** A final block that the executor knows. */
export interface Seen {
  readonly chain: Digest;
  readonly height: number;
}

export async function replayJournal(
  records: AsyncIterable<{ readonly bytes: Uint8Array }>,
  own: { readonly chain: Digest; readonly shard: number; readonly signer: Hex32 },
): Promise<Replayed> {
  const open = new Map<Digest, Intent>();
  let foreign = 0;
  let seen = 0;
  for await (const { bytes } of records) {
    try {
      const record = decode(journalRecord, bytes);
      if (record.kind === 'done') {
        open.delete(record.transaction);
        continue;
      }
      if (record.kind === 'seen') {
        if (record.chain === own.chain) seen = Math.max(seen, record.height);
        continue;
      }
      const intent = readIntent(record, own);
      if (intent) open.set(intent.id, intent);
      else foreign += 1;
    } catch (e) {
      if (!(e instanceof DecodeError)) throw e;
      foreign += 1;
    }
  }
  const unresolved = [...open.values()].sort((a, b) => (a.batch.seq < b.batch.seq ? -1 : a.batch.seq > b.batch.seq ? 1 : 0));
  return { unresolved, seen, foreign };
}

export class Journal {
  readonly #log: JournalLog;
  readonly #compactBytes: number;

  constructor(log: JournalLog, compactBytes = COMPACT_BYTES) {
    this.#log = log;
    this.#compactBytes = compactBytes;
  }

  /** Resolves when all of them are on disk: only then may they be sent. */
  async stage(intents: readonly Intent[], seen: Seen): Promise<void> {
    this.#see(seen);
    for (const intent of intents) this.#append(intent);
    await this.#log.sync();
  }

  /** Not synced: after a crash the ledger answers the same again. */
  done(intent: Intent, ending: Ending, height: number): void {
    this.#log.append(encode(journalRecord, { kind: 'done', transaction: intent.id, ending, height }));
  }

  /** Keeps the journal small; `unresolved` and `seen` are all that is worth keeping. */
  async compact(unresolved: readonly Intent[], seen: Seen): Promise<boolean> {
    if (this.#log.bytes <= this.#compactBytes) return false;
    const segment = this.#log.rotate();
    this.#see(seen);
    for (const intent of unresolved) this.#append(intent);
    await this.#log.sync();
    await this.#log.dropBefore(segment);
    return true;
  }

  #see({ chain, height }: Seen): void {
    this.#log.append(encode(journalRecord, { kind: 'seen', chain, height }));
  }
  #append({ body, signature, traceparent }: Intent): void {
    this.#log.append(encode(journalRecord, { kind: 'intent', body, signature, traceparent }));
  }
}
