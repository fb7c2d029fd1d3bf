/** Which checks a `--only` names. */
import type { Check } from './outcome.ts';

/** A check answers to its whole name, its kind, its package's folder, and the package's name with or without scope. */
function answersTo(check: Check, name: string): boolean {
  const [kind = '', folder] = check.name.split(' ');
  const short = folder?.split('/').at(-1);
  return [check.name, kind, folder, short, `@bursar/${short}`].includes(name);
}

/** The names of the chosen checks (all when nothing is named), or a sentence about a name that nothing answers to. */
export function select(checks: readonly Check[], only: readonly string[]): ReadonlySet<string> | string {
  const unknown = only.filter((name) => !checks.some((c) => answersTo(c, name)));
  if (unknown.length > 0) {
    const kinds = new Set(checks.map((c) => c.name.split(' ')[0]));
    const folders = new Set(checks.flatMap((c) => c.name.split(' ')[1] ?? []));
    return `no check is called ${unknown.join(', ')}. There are: ${[...kinds, ...folders].join(', ')}`;
  }
  return new Set(checks.filter((c) => only.length === 0 || only.some((name) => answersTo(c, name))).map((c) => c.name));
}
