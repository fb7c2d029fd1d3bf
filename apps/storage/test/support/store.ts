/** A store over a log in memory, for unit tests. */
import { ed25519 } from '@bursar/crypto';
import { BlockStore, type StoreOptions } from '../../src/core/store.ts';
import type { BlockLog, FinalBlock, LogRecord } from '../../src/ports.ts';
import type { MadeBlock, TestChain } from './chain.ts';
import { MemoryLog } from './memory-log.ts';

/** What `halt` throws here instead of ending the process. */
export class Halted extends Error {
  readonly halted: string;
  readonly dump: Readonly<Record<string, unknown>>;
  constructor(halted: string, reason: string, dump: Readonly<Record<string, unknown>>) {
    super(`${halted}: ${reason}`);
    this.halted = halted;
    this.dump = dump;
  }
}

type More = Partial<Pick<StoreOptions, 'verifier' | 'recentBytes'>>;
export const NO_TRACE = { traceparent: '', tracestate: '' };

export async function openStore(chain: TestChain, records: readonly LogRecord[] = [], more: More = {}) {
  const log = new MemoryLog();
  for (const { bytes } of records) log.append(bytes);
  log.durable = records.length;
  return { log, ...(await openStoreOn(chain, log, records, more)) };
}

/** The same over any log. */
export async function openStoreOn(chain: TestChain, log: BlockLog, records: Parameters<BlockStore['replay']>[0] = [], more: More = {}) {
  const finals: FinalBlock[] = [];
  const store = new BlockStore({
    genesis: chain.genesis,
    chain: chain.chain,
    set: chain.set,
    verifier: ed25519,
    log,
    halt: (name, reason, dump) => {
      throw new Halted(name, reason, dump);
    },
    nowMs: () => 0,
    onFinal: (run) => void finals.push(...run),
    ...more,
  });
  await store.replay(records, async () => {});
  const commit = (made: Pick<MadeBlock, 'raw'>) => store.commit(made.raw, NO_TRACE);
  const commitRun = (run: readonly Pick<MadeBlock, 'raw'>[]) =>
    store.commitRun(
      run.map((made) => made.raw),
      NO_TRACE,
    );
  return { store, finals, commit, commitRun };
}
