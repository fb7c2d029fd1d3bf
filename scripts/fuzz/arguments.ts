/** The command line of `npm run fuzz`. */
import { parseArgs } from 'node:util';

export const usage = `npm run fuzz -- [options]

Gives every decoder, and everything that takes bytes of others, mutated and random bytes, and holds it to its promises.

  --inputs N       inputs in all (default 1,000,000)
  --seed S         (default 1)
  --only TARGET    this target alone, or all whose names begin with this word; may stand several times
  --at N           input N of one target only, with those before it in its episode
  --bytes HEX      these bytes only, for one target
  --file PATH      the bytes of a file only, for one target
  --deadline MS    an input that takes longer hangs (default 10,000)
  --list           print the targets
  --json           print the result as JSON and nothing else
  --help

Exit codes: 0 nothing found; 1 a rule was broken; 64 wrong arguments.
`;

export interface Arguments {
  readonly inputs: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly at: number | undefined;
  readonly bytes: string | undefined;
  readonly file: string | undefined;
  readonly deadlineMs: number;
  readonly list: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** @throws Error that says what is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: text,
      seed: text,
      only: { type: 'string', multiple: true, default: [] },
      at: text,
      bytes: text,
      file: text,
      deadline: text,
      list: flag,
      json: flag,
      help: flag,
    },
  });
  const whole = <F>(name: string, value: string | undefined, least: number, fallback: F): number | F => {
    if (value === undefined) return fallback;
    const n = Number(value.replaceAll(/[,_]/g, ''));
    if (!Number.isSafeInteger(n) || n < least) throw new Error(`--${name} must be a whole number from ${least}`);
    return n;
  };
  const { only, bytes, file, list, json, help } = values;
  const singles = [values.at, bytes, file].filter((v) => v !== undefined).length;
  if (singles > 1) throw new Error('only one of --at, --bytes and --file');
  if (singles === 1 && only.length !== 1) throw new Error('--at, --bytes and --file need one --only');
  if (bytes !== undefined && !/^(?:[0-9a-f]{2})*$/.test(bytes)) throw new Error('--bytes must be lower-case hexadecimal digits');
  return {
    inputs: whole('inputs', values.inputs, 1, 1_000_000),
    seed: whole('seed', values.seed, 0, 1),
    only,
    at: whole('at', values.at, 0, undefined),
    bytes,
    file,
    deadlineMs: whole('deadline', values.deadline, 1, 10_000),
    list,
    json,
    help,
  };
}
