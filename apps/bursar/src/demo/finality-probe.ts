/** Measures finality while the payments are made: small signed transfers, one after the other, from the client to itself. */
import { buildTransfer, type ClientKey, settle, signTransaction } from '@bursar/client';
import { nextNonce, type Session } from '../operations/session.ts';

export interface FinalityProbe {
  /** Ends after the transfer in flight. Returns Submit accepted → result provable of each, ms. @throws what a transfer was refused with */
  stop(): Promise<number[]>;
  /** Ends at once. */
  abandon(): void;
}

const PAUSE_MS = 40;

/** The key signs nothing else meanwhile. */
export function startFinalityProbe(session: Session, key: ClientKey): FinalityProbe {
  const measured: number[] = [];
  let stopped = false;
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    for (let nonce = await nextNonce(session, key.publicKey); !stopped; nonce++) {
      const author = { chain: session.chain, signer: key.publicKey, nonce };
      const { finalityMs } = await settle(session.connection, signTransaction(key, buildTransfer(author, key.publicKey, 1n, 'probe')), {
        signal: abort.signal,
        genesis: session.genesis,
      });
      if (finalityMs !== undefined) measured.push(finalityMs);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const running = run();
  running.catch(() => {}); // told by stop()
  return {
    async stop() {
      stopped = true;
      await running;
      return measured;
    },
    abandon() {
      stopped = true;
      abort.abort();
    },
  };
}
