/** What a campaign is asked for. */
import { parseArgs } from 'node:util';

export interface Settings {
  readonly kills: number;
  readonly seed: number;
  /** Payments in an import; one import follows the other. */
  readonly items: number;
  readonly json: boolean;
  readonly keep: boolean;
}
export const USAGE = `npm run campaign -- [options]

Four validators, two executors on one shard, payments without end; processes of all kinds (executor, consensus, storage, signing,
validator-set, NATS) are killed or frozen at random, at most one validator's at a time. Then everything comes to rest and stops, and
the audit recomputes the whole history from the validators' blocks.

  --kills N    (default 20)
  --seed S     of whom it kills and when (default 1); processes have a time of their own
  --items N    payments in an import (default 40)
  --keep       leave the network's folder
  --json       print the report as JSON and nothing else
  --help

Exit codes: 0 the books are right; 1 no verdict: it did not come to rest, or a client was not served; 64 wrong arguments; 70 the audit found something.
`;

/** @returns undefined for --help. @throws Error that says what is wrong */
export function readSettings(args: readonly string[]): Settings | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = { kills: text, seed: text, items: text, json: flag, keep: flag, help: flag };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return undefined;
  const whole = (name: 'kills' | 'seed' | 'items', fallback: number, most: number): number => {
    const n = Number(values[name] ?? fallback);
    if (!Number.isSafeInteger(n) || n < 1 || n > most) throw new Error(`--${name} must be a whole number from 1 to ${most}`);
    return n;
  };
  return {
    kills: whole('kills', 20, 100_000),
    seed: whole('seed', 1, 2 ** 32 - 1),
    items: whole('items', 40, 1_000),
    json: values.json,
    keep: values.keep,
  };
}
