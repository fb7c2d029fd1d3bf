/** What a gate says of a message that it does not let through, and what is told of it. */
import type { RejectionName } from '@bursar/protocol';
import type { MessageKind } from '../../metrics.ts';

export interface Wrong {
  readonly refused: RejectionName;
  readonly why: string;
}
export const wrong = (refused: RejectionName, why: string): Wrong => ({ refused, why });
export const isWrong = (verdict: object): verdict is Wrong => 'refused' in verdict;

/** A rejection in the words of C4; code, severity and corrective action follow from the name. */
export interface Refused {
  readonly name: RejectionName;
  readonly kind: MessageKind;
  /** As its subject says. */
  readonly sender: number | undefined;
  readonly msgId: string | undefined;
  readonly why: string;
}
