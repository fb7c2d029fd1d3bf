import type { BatchRef, Block, Certificate, Digest, Message, Vote } from '@bursar/protocol';
import type { Start } from './state.ts';

/** Everything that can happen to the engine. Anything not listed here does not exist for it: no clock, no disk, no network. */
export type Input =
  /** Time passed: `now` of the step says how far. The driver sends it when a `wake` effect's time has come. */
  | { readonly type: 'tick' }
  /** A message of another validator; its form and signatures (vote and certificates within) were checked (gates 1 and 2). */
  | { readonly type: 'message'; readonly message: Message }
  /** Our own message: what a `sign` effect asked for, now with its signature. */
  | { readonly type: 'signed'; readonly message: Message }
  /** The signer refused for good (it has signed something else): the vote will never exist. */
  | { readonly type: 'refused'; readonly vote: Vote }
  /** Batches that may be proposed now, for each origin contiguous from its next number; replaces what was offered before. */
  | { readonly type: 'offer'; readonly batches: readonly BatchRef[] }
  /** Answer to `obtain`: all bodies of this block are here, valid and on disk. */
  | { readonly type: 'bodies'; readonly block: Digest }
  /** Answer to `fetch-block`: a proposed block and the certificate of the height before that its header names (absent at 1). */
  | { readonly type: 'block'; readonly block: Block; readonly certificate: Certificate | undefined }
  /** Catch-up gave storage final blocks of others, with these certificates, from the open height on: it stands there now. */
  | { readonly type: 'caught-up'; readonly certificates: readonly Certificate[]; readonly start: Start }
  /** A validator showed that `height` is final (FinalNotice), by this certificate of it, which was checked. */
  | { readonly type: 'notice'; readonly from: number; readonly height: number; readonly certificate?: Certificate | undefined }
  /** Answer to `commit`: storage has executed the block and holds it durably. */
  | { readonly type: 'executed'; readonly height: number; readonly stateRoot: Digest; readonly resultsRoot: Digest };
