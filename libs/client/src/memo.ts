/** Memos as payers write them: longer than what the ledger keeps, with hints of what a payment depends on (docs/treasury.md, "From draft to receipt"). */
import { limits } from '@bursar/protocol';

/** Most that a payer may write, bytes. */
export const MEMO_BYTES = 8_192;

/** What stands in the body: the beginning, cut between characters. */
export function keptMemo(memo: string): string {
  if (Buffer.byteLength(memo) <= limits.memo) return memo;
  const cut = Buffer.from(memo).subarray(0, limits.memo);
  // A character that was cut in half decodes to the replacement character, which may also stand there by right: so cut by length.
  let end = cut.length;
  while (end > 0 && ((Buffer.from(memo)[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return cut.toString('utf8', 0, end);
}

/**
 * Client keys that a memo names, in its whole length: `{"depends_on":[1,"INV-2"]}` as all of it, or `depends_on=1,INV-2` as a word in it.
 * None for a memo that says nothing of the kind.
 */
export function hintedDependencies(memo: string): string[] {
  const word = /(?:^|\s)depends_on=(\S+)/.exec(memo)?.[1];
  if (word !== undefined) return word.split(',').filter((key) => key !== '');
  if (!memo.trimStart().startsWith('{')) return [];
  let json: unknown;
  try {
    json = JSON.parse(memo);
  } catch {
    return []; // a memo is free text
  }
  const named = (json as { depends_on?: unknown }).depends_on;
  if (!Array.isArray(named)) return [];
  return named.flatMap((key) => (typeof key === 'string' || Number.isSafeInteger(key) ? [String(key)] : []));
}

/** Explicit dependencies, or those that the memo hints at when there are none. */
export const dependenciesOf = ({
  dependsOn,
  memo,
}: {
  readonly dependsOn?: readonly string[];
  readonly memo?: string;
}): readonly string[] => (dependsOn && dependsOn.length > 0 ? dependsOn : hintedDependencies(memo ?? ''));
