/** A demonstration that did not show what it should: a plain sentence, and the process whose log explains it. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed';
  /** Name of the process. */
  readonly process: string;
  constructor(message: string, process: string) {
    super(message);
    this.process = process;
  }
}
