import type { Schedule } from '@bursar/membership';
import type { BatchRef, Block, Certificate, Digest, Header, Message, MessageOf, NewView, ViewChange, Vote } from '@bursar/protocol';
import type { Choice, Place } from './choose.ts';
import type { Heard } from './heard.ts';
import type { PhaseName } from './phase-name.ts';
import type { Recalled } from './recall-records.ts';
import type { Tally } from './tally.ts';

/** Where storage stands when the engine starts: the last final height that it has executed. */
export interface Start {
  /** 0 = genesis. */
  readonly height: number;
  /** Header of that height; undefined at 0. */
  readonly header: Header | undefined;
  /** A certificate that makes it final; undefined at 0. */
  readonly certificate: Certificate | undefined;
  /** Roots after that height. */
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
  /** Ledger time of that height, milliseconds. */
  readonly time: number;
  /** For each validator, the number of its first batch that no block ordered. */
  readonly nextBatch: readonly number[];
  readonly schedule: Schedule;
}

/** The last executed block: what the open height stands on. */
export interface Tip extends Start {
  /** Digest of its header; the chain id at 0. */
  readonly digest: Digest;
  /** It ordered batches, so that the next block is due at once: receipts are provable only by it. */
  readonly content: boolean;
}

/** A proposed block of the open height. */
export interface Known {
  readonly block: Block;
  readonly certificate: Certificate | undefined;
  /** Its `proposal` record is in the log. */
  readonly recorded: boolean;
  readonly bodies: 'unasked' | 'asked' | 'held';
}

/** Votes of ours in the current view for which a signature was asked. */
export interface Intents {
  readonly prepare?: Vote;
  readonly commit?: Vote;
  readonly viewChange?: { readonly vote: Vote; readonly content: ViewChange };
  readonly newView?: { readonly vote: Vote; readonly content: NewView };
}

export interface Decided {
  readonly digest: Digest;
  readonly block: Block;
  readonly certificate: Certificate;
  /** Validators that are told so as soon as storage holds it. */
  readonly askers: readonly number[];
}

export interface State {
  readonly tip: Tip;
  /** The open height: tip.height + 1. */
  readonly height: number;
  /** Leaders of its views. */
  readonly order: readonly number[];
  /** Beacon that its header must carry. */
  readonly beacon: Digest;

  readonly phase: PhaseName;
  readonly view: number;
  /** `changing`: the view before was left, and no NewView for this one is complete yet. */
  readonly standing: 'active' | 'changing';
  /** What this view must propose; undefined: its leader is free. */
  readonly mandatory: Choice | undefined;
  /** The ViewChanges that made this view. */
  readonly justification: readonly MessageOf<'view-change'>[];
  /** The accepted proposal of this view. */
  readonly accepted: Digest | undefined;
  readonly intents: Intents;
  /** Signed messages of ours of this view, for the resend timer. */
  readonly sent: readonly Message[];
  /** Never signs at heights below this (another holder of our key was seen, or how we voted there is forgotten). */
  readonly muteBelow: number;
  /** Below this height our own signatures are no news: an earlier run may have made them. */
  readonly forgottenBelow: number;

  readonly lastVote: Place | undefined;
  readonly prepared: Certificate | undefined;
  /** By digest, oldest first. */
  readonly known: ReadonlyMap<Digest, Known>;
  /** Blocks that a quorum or the choice of a view change made necessary, and that were asked for. */
  readonly fetching: ReadonlySet<Digest>;
  /** By view. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** By sender, then ascending by view. */
  readonly viewChanges: readonly (readonly MessageOf<'view-change'>[])[];
  /** By sender: its newest NewView for a view at or above ours. */
  readonly newViews: readonly (MessageOf<'new-view'> | undefined)[];
  /** ViewChanges that a NewView names, by `view/validator/digest`; undefined: asked for. For each leader at most one of each validator. */
  readonly found: ReadonlyMap<string, MessageOf<'view-change'> | undefined>;
  /** By sender: its newest PrePrepare for a view at or above ours. */
  readonly offered: readonly (MessageOf<'pre-prepare'> | undefined)[];
  /** By sender: what it signed of this height. */
  readonly heard: readonly Heard[];
  /** The same of heights that are over, the last one last: some 240 bytes a vote (measured), so 2 MB for 4 validators, 44 MB for 100. */
  readonly past: readonly (readonly Heard[])[];
  /** The block of this height is final; storage has not executed it yet. */
  readonly decided: Decided | undefined;

  /** By sender: messages of later heights. */
  readonly early: readonly (readonly Message[])[];
  /** By sender: highest height that it says is final. */
  readonly finalAt: readonly number[];
  readonly batches: readonly BatchRef[];
  /** What the log and the signer hold of heights not open yet. */
  readonly memory: ReadonlyMap<number, Recalled>;

  /** Times, milliseconds of `now`; Infinity = never. */
  readonly clock: number;
  /** When the height was opened; undefined until the first step there. */
  readonly openedAt: number | undefined;
  /** From when on a proposal is due. */
  readonly dueAt: number;
  /** When the view is left. */
  readonly deadline: number;
  readonly resendAt: number;
  /** Resends of what was sent last. */
  readonly resends: number;
  readonly catchUpAt: number;
  readonly wakeAt: number;
  readonly halted: boolean;
  /** The highest height of which the log says that storage had executed it. */
  readonly floor: number;
}
