/** What must hold, by name. Those of `safety` end a run with exit code 70. */
export const invariants = {
  agreement: 'No two different blocks are, or can become, final at one height.',
  prefix: 'A final block follows the final block before it.',
  'certificate valid': 'A certificate holds valid signatures of a quorum over one vote; a fast one, of all.',
  'one prepared digest': 'No two digests have a quorum of Prepares in one height and view.',
  'no double vote': 'An honest validator never asks for a vote that contradicts an earlier one, across restarts.',
  'durable before visible': 'What an honest validator sends has its causes on disk.',
  'equal state': 'All validators compute the same roots after a height.',
  'no halt': 'An honest validator with a sound disk never halts.',
  'no false alarm': 'An honest validator knows all its signatures: its signer lost nothing.',
  'total step': 'The engine answers every input without an exception.',
  'message size': 'A consensus message has at most 10 KiB.',
  'bounded state': 'Queues and buffers stay within their bounds.',
  'evidence is true': 'Evidence names only faulty validators, and proves what it says.',
  'evidence is found': 'Who contradicts himself before an honest validator is accused by it.',
  progress: 'After the faults end every honest validator reaches the last height in time.',
  'fast when calm': 'While everyone is up and in time every block is final by the Prepares of all.',
  'same trace': 'The same seed gives the same trace.',
} as const;
export type Invariant = keyof typeof invariants;

const liveness: ReadonlySet<Invariant> = new Set(['progress', 'fast when calm', 'no false alarm', 'same trace', 'bounded state']);

export class Violation extends Error {
  readonly invariant: Invariant;
  readonly detail: string;
  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${invariants[invariant]} ${detail}`);
    this.name = 'Violation';
    this.invariant = invariant;
    this.detail = detail;
  }
  get safety(): boolean {
    return !liveness.has(this.invariant);
  }
}
