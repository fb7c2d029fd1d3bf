import type {
  Block,
  Certificate,
  Digest,
  Evidence,
  EvidenceKind,
  Message,
  NewView,
  RejectionName,
  ViewChange,
  Vote,
} from '@bursar/protocol';
import type { LogRecord } from './log-record.ts';
import type { PhaseName } from './phase-name.ts';

/** A message of ours before its signature: what the log keeps as intent and the signer signs the vote of. */
export type Unsigned =
  | { readonly kind: 'pre-prepare'; readonly vote: Vote; readonly block: Block; readonly certificate: Certificate | undefined }
  | { readonly kind: 'prepare' | 'commit'; readonly vote: Vote }
  | { readonly kind: 'view-change'; readonly vote: Vote; readonly content: ViewChange }
  | { readonly kind: 'new-view'; readonly vote: Vote; readonly content: NewView };

/**
 * The whole outside world, in the order in which the driver must act. Rule of durability (docs/protocol.md "Durability"): no effect after an urgent `record` is carried out before that record is fsynced.
 */
export type Effect =
  /** Append to the log. `urgent: false`: may be lost in a crash without harm (it can be had again). */
  | { readonly type: 'record'; readonly record: LogRecord; readonly urgent: boolean }
  /** Have the vote signed, then feed `signed` (or `refused`). Retry while the signer does not answer and the vote is wanted. */
  | { readonly type: 'sign'; readonly message: Unsigned }
  | { readonly type: 'broadcast'; readonly message: Message }
  /** Tell a validator that is behind what is final here (FinalNotice); the driver limits the rate. */
  | { readonly type: 'notify'; readonly to: number }
  /** Get, check and store the bodies of this block; `from`: validators that claim to have them, best first. Then `bodies`. */
  | { readonly type: 'obtain'; readonly digest: Digest; readonly block: Block; readonly from: readonly number[] }
  /** Get a proposed block of this height, with the certificate its header names, that a certificate or quorum made mandatory. Then `block`. */
  | { readonly type: 'fetch-block'; readonly height: number; readonly digest: Digest; readonly from: readonly number[] }
  /** Get a signed ViewChange that a NewView names and we lack. Then `message`. */
  | {
      readonly type: 'fetch-view-change';
      readonly height: number;
      readonly view: number;
      readonly validator: number;
      readonly digest: Digest;
      readonly from: readonly number[];
    }
  /** Get final blocks from `from` peers, from this height on, as far as they have them, and give them to storage. Then `caught-up`, as often as it got further. */
  | { readonly type: 'catch-up'; readonly height: number; readonly from: readonly number[] }
  /** Give the block to storage (bodies were obtained before, or are obtained now); retry for ever. Then `executed`. */
  | { readonly type: 'commit'; readonly block: Block; readonly certificate: Certificate }
  /** Feed `tick` at this time (milliseconds of `now`); replaces an earlier wake. */
  | { readonly type: 'wake'; readonly atMs: number }
  /** Something was refused: counted, logged, published (C4). `message`: the one that was, if it was one. */
  | {
      readonly type: 'reject';
      readonly name: RejectionName;
      readonly validator: number;
      readonly height: number;
      readonly view: number;
      readonly message?: Message;
    }
  /** A validator contradicted itself (K6): keep the proof, have it recorded in a block, tell the operator. Once for each height and kind. */
  | { readonly type: 'evidence'; readonly kind: EvidenceKind; readonly evidence: Evidence }
  /** The phase machine moved (C7). */
  | {
      readonly type: 'transition';
      readonly height: number;
      readonly view: number;
      readonly from: PhaseName;
      readonly to: PhaseName;
      readonly trigger: string;
      readonly reason: string;
    }
  /** Stop the process with exit code 70 after everything before is durable; `dump` is for the operator. */
  | { readonly type: 'halt'; readonly name: RejectionName; readonly reason: string };
