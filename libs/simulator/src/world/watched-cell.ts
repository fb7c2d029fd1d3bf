/** What the oracle is told of an honest validator, and so demands of it; a faulty one's cell says nothing. */
import type { State } from '@bursar/pbft';
import type { Block, Certificate, Digest, Message, RejectionName } from '@bursar/protocol';
import { Violation } from '../oracle/violation.ts';
import { bodyOf } from './body-records.ts';
import type { Surroundings } from './cell.ts';
import type { SignerDouble } from './signer.ts';

export abstract class WatchedCell {
  readonly index: number;
  protected readonly around: Surroundings;
  protected readonly signer: SignerDouble;

  constructor(around: Surroundings, signer: SignerDouble) {
    this.index = around.params.self;
    this.around = around;
    this.signer = signer;
  }
  protected onFalseRepetition({ kind, vote: { validator, vote } }: Message): void {
    throw new Violation('no false repetition', `Validator ${this.index}: ${kind} of ${validator} at ${vote.height}/${vote.view}.`);
  }
  protected onSent(message: Message): void {
    this.around.oracle.sent(this.index, message, () => this.signer.has(message.vote));
  }
  protected onLogLost(): void {
    this.around.oracle.logLost(this.index, this.signer.rowsFrom(1, Number.POSITIVE_INFINITY));
  }
  protected onAsked(vote: Message['vote']['vote']): void {
    this.around.oracle.asked(this.index, vote);
  }
  protected onDurable(record: Uint8Array): void {
    const body = bodyOf(record);
    if (body === undefined) this.around.oracle.durable(this.index, record);
    else this.around.oracle.durableBody(this.index, body);
  }
  protected onRefused(name: RejectionName, from: number): void {
    this.around.observe('reject', name);
    if (name === 'SignerBehind') this.around.oracle.falseAlarm(this.index);
    this.around.oracle.refused(this.index, name, from);
  }
  protected onEntered({ height, view, justification, mandatory }: State): void {
    this.around.oracle.entered(this.index, height, view, justification, mandatory?.digest);
  }
  protected onFinal(block: Block, certificate: Certificate): void {
    this.around.oracle.final(this.index, block, certificate);
  }
  protected onExecuted(height: number, stateRoot: Digest): void {
    this.around.oracle.executed(this.index, height, stateRoot);
  }
  protected halted(name: string, reason: string): void {
    this.around.oracle.halted(this.index, name, reason);
  }
}
