/** What must hold, by name. Those of `safety` end a run with exit code 70. */
export const invariants = {
  agreement: 'No two different blocks are, or can become, final at one height.',
  prefix: 'A final block follows the final block before it.',
  'certificate valid': 'A certificate holds valid signatures of a quorum over one vote; a fast one, of all.',
  'one prepared digest': 'No two digests have a quorum of Prepares in one height and view.',
  'no double vote': 'An honest validator never asks for a vote that contradicts an earlier one, across restarts.',
  'no vote forgotten': 'A ViewChange of an honest validator shows its last Prepare and the PreparedCert of its last Commit.',
  'durable before visible': 'What an honest validator sends has its causes on disk.',
  'new view': 'Who enters a view shows a quorum that left the views before, and everyone recomputes the same choice.',
  'equal state': 'All validators compute the same roots after a height, and the next block names them.',
  'ledger time': 'The time of final blocks rises.',
  'batches in order': "Each origin's batches are ordered once, without a gap, and not after their expiry.",
  'no batch lost': 'A batch of an honest origin is ordered unless it expires.',
  'visible survives': 'What was final somewhere is what everybody holds in the end.',
  'no halt': 'An honest validator never halts, be its disks lost.',
  'no false alarm': 'An honest validator knows all its signatures: its signer lost nothing.',
  'no false repetition': 'No message is taken for a repetition unless it came before.',
  'total step': 'The engine answers every input without an exception.',
  'message size': 'A consensus message has at most 10 KiB.',
  'bounded state': 'Queues and buffers stay within their bounds.',
  'evidence is true': 'Evidence names only faulty validators, and proves what it says.',
  'evidence is found': 'Who contradicts himself before an honest validator is accused by it.',
  progress: 'After the faults end every honest validator reaches the last height in time.',
  'fast when calm': 'While everyone is up and in time every block is final by the Prepares of all.',
  'nothing refused when calm': 'While everyone is up and in time no honest message is refused.',
  'same trace': 'The same seed gives the same trace.',
} as const;
export type Invariant = keyof typeof invariants;

const liveness: ReadonlySet<Invariant> = new Set([
  'progress',
  'fast when calm',
  'nothing refused when calm',
  'no false repetition',
  'no batch lost',
  'no false alarm',
  'same trace',
  'bounded state',
]);

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
