/** A validator that the oracle does not hold to what it demands of honest ones: it may halt, vote twice and forget. */
import { ValidatorCell } from '../world/validator-cell.ts';

export class UnwatchedCell extends ValidatorCell {
  protected override onSent(): void {}
  protected override onAsked(): void {}
  protected override onDurable(): void {}
  protected override onExecuted(): void {}
  protected override onRefused(): void {}
  protected override onEntered(): void {}
  protected override onFalseRepetition(): void {}
  protected override onFinal(_: Parameters<ValidatorCell['onFinal']>[0]): void {}
  protected override halted(): void {
    this.crash();
  }
}
