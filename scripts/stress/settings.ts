/** `npm run stress` and its bounds (C15). */
import { parseArgs } from 'node:util';
import { type ActorName, actorNames } from '../../libs/simulator/src/index.ts';

export interface Settings {
  /** Transfers a second, offered whatever happens to those before. */
  readonly rate: number;
  readonly seconds: number;
  /** The same offer beforehand, so that code is compiled and caches are filled; audited, and not counted. */
  readonly warmUpSeconds: number;
  readonly validators: number;
  /** Of these so many are Byzantine: the last ones. */
  readonly byzantine: number;
  readonly actor: ActorName;
  /** Share of the messages between validators that each of them never gets, 0 … 1. */
  readonly loss: number;
  /** Round trip between two validators, ms. */
  readonly latencyMs: number;
  readonly seed: number;
  /** What must be reached: transfers a second that became final, and their 99th percentile, ms. */
  readonly bar: { readonly perSecond: number; readonly p99Ms: number };
  readonly json: string | undefined;
  /** Folder of the network; thrown away first. */
  readonly dir: string | undefined;
}

export const USAGE = `npm run stress -- [--rate R] [--seconds S] [--warm-up S] [--validators N] [--byzantine B] [--actor NAME] [--loss PERCENT] [--latency MS]
  [--seed S] [--min-rate R] [--max-p99 MS] [--json FILE] [--dir FOLDER]
Defaults: 1000 transfers/s for 60 s after 10 s that do not count, 4 validators, 1 Byzantine, 5 %, 50 ms; at least 80 % of the rate, p99 below 5000 ms.
NAME: ${actorNames.join(', ')}`;

/** What is asked for, or what is wrong with it. */
export function readSettings(args: readonly string[]): Settings | string {
  const option = (fallback?: string) => ({ type: 'string' as const, ...(fallback === undefined ? {} : { default: fallback }) });
  let values: Partial<Record<string, string>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        rate: option('1000'),
        seconds: option('60'),
        'warm-up': option('10'),
        validators: option('4'),
        byzantine: option('1'),
        actor: option('everything'),
        loss: option('5'),
        latency: option('50'),
        seed: option('1'),
        'min-rate': option(),
        'max-p99': option('5000'),
        json: option(),
        dir: option(),
      },
    }));
  } catch (e) {
    return (e as Error).message;
  }
  const problems: string[] = [];
  const number = (name: string, from: number, to: number, isWhole = true): number => {
    const n = Number(values[name]);
    const isRight = values[name] !== '' && n >= from && n <= to && (!isWhole || Number.isInteger(n));
    if (!isRight) problems.push(`--${name} is ${isWhole ? 'a whole number' : 'a number'} from ${from} to ${to}`);
    return n;
  };
  const rate = number('rate', 1, 20_000);
  const validators = number('validators', 1, 10);
  const settings: Settings = {
    rate,
    seconds: number('seconds', 1, 3_600),
    warmUpSeconds: number('warm-up', 0, 600),
    validators,
    byzantine: number('byzantine', 0, 3),
    actor: (values['actor'] ?? '') as ActorName,
    loss: number('loss', 0, 100, false) / 100,
    latencyMs: number('latency', 0, 2_000, false),
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER),
    bar: {
      perSecond: values['min-rate'] === undefined ? 0.8 * rate : number('min-rate', 0, 20_000, false),
      p99Ms: number('max-p99', 1, 600_000),
    },
    json: values['json'],
    dir: values['dir'],
  };
  if (settings.byzantine > Math.floor((validators - 1) / 3))
    problems.push(`of ${validators} validators at most ${Math.floor((validators - 1) / 3)} may be Byzantine`);
  if (!actorNames.includes(settings.actor)) problems.push(`--actor is one of: ${actorNames.join(', ')}`);
  return problems.length > 0 ? problems.join('\n') : settings;
}
