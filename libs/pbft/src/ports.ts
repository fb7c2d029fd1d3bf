import type { Block, Certificate, Digest, Evidence, EvidenceKind, Message, RejectionName, Vote } from '@bursar/protocol';
import type { Effect } from './effect.ts';
import type { Proposal } from './proposal.ts';
import type { Start } from './state.ts';

/**
 * What the driver needs of its host. Call-backs, not promises: the process and the simulator run the same driver, and the
 * simulator decides the order of everything. A call-back is never called inside the call that took it.
 */
export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  /** Feed `tick` at `atMs`; a later call replaces an earlier one. */
  wake(atMs: number): void;
  readonly log: {
    append(record: Uint8Array): void;
    /** Durable up to here. A failure never comes back as a call: the host stops the process. */
    sync(done: () => void): void;
    /**
     * A height was executed: every record that was appended before this call may be dropped once `kept` is durable in
     * their place. The host may do it lazily (when a segment is full) or leave calls out; it never hurts to keep more.
     */
    compact(kept: readonly Uint8Array[]): void;
  };
  /**
   * Records the signature durably, then answers it; `undefined`: refused for good. Retries until `isWanted` says that the height
   * or view is over; then it need not answer.
   */
  sign(vote: Vote, done: (signature: Uint8Array | undefined) => void, isWanted: () => boolean): void;
  readonly network: {
    broadcast(message: Message): void;
    notify(to: number): void;
  };
  /** Fetches what is missing of the bodies, checks them, appends them to the same log before `done`. Keeps trying. */
  obtain(block: Block, from: readonly number[], done: () => void): void;
  /**
   * The three below try each of `from` and may then give up in silence: the engine asks again on its resend timer for as
   * long as it needs the answer. What peers ask for is answered from `Driver.proposal` and `Driver.viewChange`.
   * The answer is a `Proposal`: the block and the certificate of the height before that its header names.
   */
  fetchBlock(height: number, digest: Digest, from: readonly number[], done: (proposal: Proposal) => void): void;
  fetchViewChange(wanted: Extract<Effect, { type: 'fetch-view-change' }>, done: (message: Message) => void): void;
  /**
   * Fetches final blocks from `height` on and gives them to storage, which checks their certificates. Storage is shared with `commit`: one
   * of both is at work at a time, and a block that catch-up brought meanwhile is not committed again.
   */
  catchUp(height: number, from: readonly number[], done: (certificates: readonly Certificate[], start: Start) => void): void;
  /** Storage executes and stores; retries for ever. */
  commit(block: Block, certificate: Certificate, done: (stateRoot: Digest, resultsRoot: Digest) => void): void;
  /** A validator contradicted itself. The host keeps the evidence until a block has recorded it; the same may come again after a restart. */
  accuse(evidence: Evidence, kind: EvidenceKind): void;
  /** Observations: metrics, logs, events. */
  readonly observe: {
    reject(e: Extract<Effect, { type: 'reject' }>): void;
    transition(e: Extract<Effect, { type: 'transition' }>): void;
  };
  halt(name: RejectionName, reason: string): void;
}
