/** What of the peer's run the rows of ours stand beside. */
export interface PeerFigures {
  /** Committed transactions a second at its best. */
  readonly best: number;
  /** When it is offered more, ascending. */
  readonly overload: readonly { readonly offered: number; readonly final: number }[];
}
