/** The life of a disbursement. `status` is what the state machine tells apart, `DisbursementState` what people see. */
export const Status = {
  /** Approvals are missing. */
  voting: 0,
  /** Approved, before its `notBefore`. */
  timelocked: 1,
  /** Approved and due; a dependency is not executed yet. */
  waiting: 2,
  /** May be executed: it stands in a ready list. */
  ready: 3,
  /** The treasury's balance did not suffice: out of the ready list until the balance rises. */
  funds: 4,
  /** A dependency was cancelled, or is itself dead: it can never be executed. */
  dead: 5,
  executed: 6,
  cancelled: 7,
  /** A limit did not allow it: out of the ready list until its window may have room. */
  limit: 8,
  /** Somebody holds it, or its payee was changed: out of the ready list until it is released or revised. */
  screening: 9,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

export const disbursementStates = ['voting', 'queued', 'timelocked', 'executed', 'cancelled', 'blocked'] as const;
export type DisbursementState = (typeof disbursementStates)[number];

const shown: Record<Status, DisbursementState> = {
  0: 'voting',
  1: 'timelocked',
  2: 'queued',
  3: 'queued',
  4: 'blocked',
  5: 'blocked',
  6: 'executed',
  7: 'cancelled',
  8: 'blocked',
  9: 'blocked',
};
export const stateOf = (status: Status): DisbursementState => shown[status];

/** How many disbursements are in each state. */
export type Counts = Record<DisbursementState, number>;
export const noCounts = (): Counts => ({ voting: 0, queued: 0, timelocked: 0, executed: 0, cancelled: 0, blocked: 0 });
