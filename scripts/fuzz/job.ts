/** What main thread and worker say to one another. */

export interface Job {
  readonly target: string;
  /** Numbers `from` up to, not including, `to` under this seed; or these very bytes, one after the other in one episode. */
  readonly inputs: { readonly seed: number; readonly from: number; readonly to: number } | readonly Uint8Array[];
  /** Memory is looked at after so many inputs. */
  readonly sampleEvery: number;
}

export interface Counts {
  readonly accepted: number;
  readonly refused: number;
  /** Bytes of heap and buffers above those at the start: the most that was seen, garbage included. */
  readonly growth: number;
  readonly slowestMs: number;
}
/** `threw`: a rule is broken. `hung`: no answer within the deadline. `memory`: it grew beyond its bound. `died`: the thread ended. */
export type Breach = 'threw' | 'hung' | 'memory' | 'died';
export interface Broken {
  readonly breach: Breach;
  /** Number of the input, or place in the given bytes. */
  readonly index: number;
  readonly what: string;
}
/** What was counted, up to the breach if there is one. */
export interface Answer {
  readonly counts: Counts;
  readonly broken: Broken | undefined;
}

/** Started with a module that exports `targets`, and one shared number: the input at work. */
export interface WorkerStart {
  readonly module: string;
  readonly progress: Int32Array;
}
