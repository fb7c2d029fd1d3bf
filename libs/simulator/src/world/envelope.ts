/** What travels between validators in the simulated network. */
import type { Proposal } from '@bursar/pbft';
import type { BatchRef, Block, Certificate, Message } from '@bursar/protocol';

export interface FinalBlock {
  readonly block: Block;
  readonly certificate: Certificate;
}
export type Want =
  | { readonly type: 'final'; readonly height: number }
  | { readonly type: 'block'; readonly height: number; readonly digest: string }
  | { readonly type: 'view-change'; readonly height: number; readonly view: number; readonly validator: number; readonly digest: string }
  | { readonly type: 'bodies'; readonly digests: readonly string[] };

export type Envelope =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'batch'; readonly ref: BatchRef }
  /** "I am final up to here." */
  | { readonly kind: 'notice'; readonly certificate: Certificate }
  | { readonly kind: 'want'; readonly want: Want }
  | { readonly kind: 'finals'; readonly finals: readonly FinalBlock[] }
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'bodies'; readonly digests: readonly string[] };

/** Blocks in one answer to a catching-up peer. */
export const FINALS_PER_ANSWER = 16;
