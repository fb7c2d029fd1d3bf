/** What the core of validator-set needs of the world. */

/** A final block as storage streams it. */
export interface StreamedBlock {
  readonly height: number;
  /** Canonical block: header and references. */
  readonly block: Uint8Array;
  /** Canonical commit certificate. */
  readonly certificate: Uint8Array;
}

/** The storage of the cell: the truth that is followed. */
export interface BlockSource {
  /** Height of its newest final block. */
  height(signal: AbortSignal): Promise<number>;
  /** Final blocks from a height on, in order, and each new one until the signal aborts or the stream breaks. */
  blocks(from: number, signal: AbortSignal): AsyncIterable<StreamedBlock>;
}

/** Ends the process with exit code 70: what storage streams contradicts itself. Never returns. */
export type Halt = (name: 'StateForkDetected', reason: string) => never;
