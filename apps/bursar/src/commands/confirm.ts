/** Asks a person before something is signed; programs and `--yes` are not asked. */
import { createInterface } from 'node:readline/promises';
import { usage } from '../errors.ts';

export interface Confirmable {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** @param what everything that will happen, a line each. @throws FieldInvalid (exit 64) unless the answer is yes */
export async function confirm(what: readonly string[], { yes, json }: Confirmable): Promise<void> {
  if (yes || json || !process.stdin.isTTY || !process.stdout.isTTY) return;
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await ask.question(`${what.join('\n')}\nSign? Type yes: `);
    if (answer.trim().toLowerCase() !== 'yes') throw usage('nothing was signed', 'Type yes to sign, or give --yes.');
  } finally {
    ask.close();
  }
}
