/** The state contradicts itself: a bug of this program. The ledger that threw it answers nothing more; its process must stop. */
export class BrokenInvariant extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenInvariant';
  }
}

/** The block does not follow the state (height, time, chain, batch numbers). Nothing was changed. */
export class InvalidBlock extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidBlock';
  }
}
