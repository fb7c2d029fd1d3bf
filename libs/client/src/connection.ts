/** A connection to several validators at once: any of them may be down, slow or behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ledger, transactions } from '@bursar/protocol/rpc';
import { type BursarError, createRpcClient, errorFrom, rejection } from '@bursar/shared-core';

const CALL_MS = 5_000;
const openTransactions = (address: string) => createRpcClient(transactions.Transactions, address, { unaryMs: CALL_MS });
const openLedger = (address: string) => createRpcClient(ledger.Ledger, address, { unaryMs: CALL_MS });
export type TransactionsClient = ReturnType<typeof openTransactions>;
export type LedgerClient = ReturnType<typeof openLedger>;

/** `host:port` of the two public services of one validator. */
export interface ValidatorAddress {
  readonly consensus: string;
  readonly storage: string;
}
export interface ValidatorClient {
  readonly address: ValidatorAddress;
  readonly transactions: TransactionsClient;
  readonly ledger: LedgerClient;
}
export interface Connection {
  readonly validators: readonly ValidatorClient[];
  /**
   * Asks one ledger after the other until one answers from at least the height that this connection has seen (so that one reads
   * what one wrote). @throws what the ledger refuses with, or PeerUnreachable when nobody answers within `timeoutMs` (default 10 s)
   */
  read<T extends { readonly height: bigint }>(ask: (ledger: LedgerClient) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Later reads are answered from this height or above. */
  saw(height: number): void;
  close(): void;
}

/** Says nothing about the request itself: another validator, or the same one later, may answer it. */
const ELSEWHERE = new Set([
  'PEER_UNREACHABLE',
  'PROCESSING_TIMEOUT',
  'DEPENDENCY_UNAVAILABLE',
  'QUEUE_FULL',
  'RATE_LIMITED',
  'INSUFFICIENT_RESOURCES',
  'NETWORK_PARTITION_DETECTED',
  'INTERNAL',
  'CANCELLED',
]);
export const mayWorkElsewhere = (error: BursarError): boolean => ELSEWHERE.has(error.reason);

const PAUSE_MS = 50;

/** Opens no socket before the first call. @throws RangeError without an address */
export function connect(addresses: readonly ValidatorAddress[]): Connection {
  if (addresses.length === 0) throw new RangeError('a connection needs the address of a validator');
  const validators = addresses.map((address) => ({
    address,
    transactions: openTransactions(address.consensus),
    ledger: openLedger(address.storage),
  }));
  let seen = 0;
  let preferred = 0;
  return {
    validators,
    async read(ask, timeoutMs = 10_000) {
      const deadline = Date.now() + timeoutMs;
      let last: BursarError | undefined;
      for (let turn = 0; ; turn++) {
        const place = (preferred + turn) % validators.length;
        try {
          const answer = await ask((validators[place] as ValidatorClient).ledger);
          if (Number(answer.height) >= seen) {
            preferred = place;
            return answer;
          }
        } catch (e) {
          last = errorFrom(e);
          // A validator that is behind does not know yet what another one does.
          if (!mayWorkElsewhere(last) && !(last.code === 8201 || last.code === 8202 || last.code === 7120 || last.code === 7133))
            throw last;
          if (!mayWorkElsewhere(last) && turn + 1 >= validators.length) throw last;
        }
        if (Date.now() >= deadline) throw last ?? rejection('ProcessingTimeout', `no validator has reached height ${seen}`);
        if ((turn + 1) % validators.length === 0) await sleep(PAUSE_MS);
      }
    },
    saw(height) {
      seen = Math.max(seen, height);
    },
    close() {
      for (const v of validators) {
        v.transactions.close();
        v.ledger.close();
      }
    },
  };
}
