/** A pain.001 message: what its reader must know, and what pain.002 answers. */
import type { AccountId, Genesis } from '@bursar/protocol';
import type { ResolveAccount } from './accounts.ts';

export interface Pain001Context {
  readonly currency: Genesis['currency'];
  /** The treasury that pays, and the others of the genesis. */
  readonly treasury: { readonly name: string; readonly account: AccountId };
  readonly otherTreasuries: readonly string[];
  /** Dates may lie ten years ahead of it. */
  readonly nowMs: number;
  /** Undefined: accounts are not looked at, of whoever only asks for the ids of a message that was imported before. */
  readonly resolve: ResolveAccount | undefined;
}

/** A message as pain.002 answers it. */
export interface OriginalMessage {
  readonly name: 'pain.001.001.03' | 'pain.001.001.09';
  readonly msgId: string;
  /** As it stands in the file. */
  readonly creDtTm: string;
  /** Base units, where the file states it; it is the sum of the payments. */
  readonly ctrlSum: bigint | undefined;
  /** In the order of the file; their transactions are its rows, in order. */
  readonly payments: readonly OriginalPayment[];
}
/** What is known of a message that was refused. */
export interface RefusedMessage {
  readonly name: string;
  /** Undefined when it has none that could be sent back. */
  readonly msgId: string | undefined;
}
export interface OriginalPayment {
  readonly pmtInfId: string;
  readonly ctrlSum: bigint | undefined;
  readonly transactions: readonly OriginalTransaction[];
}
export interface OriginalTransaction {
  readonly endToEndId: string;
  /** Base units. */
  readonly amount: bigint;
  readonly instrId: string | undefined;
}
