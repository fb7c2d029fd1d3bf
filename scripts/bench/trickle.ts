/** A few transfers at a time, one after the other: blocks follow each other without a pause. */
import type { Connection, Signed, ValidatorClient } from '../../libs/client/src/index.ts';
import { fromHex } from '../../libs/protocol/src/index.ts';
import { errorFrom } from '../../libs/shared-core/src/index.ts';

const WAIT_MS = 10_000;
const PAUSE_MS = 20;

export interface Trickle {
  /** Transfers that were provable so far. */
  done(): number;
  stop(): Promise<void>;
}

/** @param validators of the connection that are asked, by place; one that fails is asked again */
export function startTrickle(connection: Connection, work: readonly (readonly Signed[])[], validators: readonly number[]): Trickle {
  let isOver = false;
  let done = 0;
  const lane = async (transfers: readonly Signed[], place: number): Promise<void> => {
    const { transactions } = connection.validators[place] as ValidatorClient;
    for (let i = 0; !isOver && i < transfers.length; ) {
      const { id, body, signature } = transfers[i] as Signed;
      try {
        await transactions.submit({ body, signature });
        await transactions.wait({ transactionId: fromHex(id) }, { timeoutMs: WAIT_MS });
        done++;
        i++;
      } catch (e) {
        if (errorFrom(e).reason === 'NONCE_TOO_LOW') i++; // it was executed, and its answer was lost
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  };
  const lanes = work.map((transfers, i) => lane(transfers, validators[i % validators.length] as number));
  return {
    done: () => done,
    async stop() {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}
