/** What an engine may hold, as numbers of the oracle's own (C6): whatever peers send, it must not grow beyond. */
import type { State } from '@bursar/pbft';

/** Names what is too large; `undefined` when everything is within its bounds. */
export function tooLarge(state: State, validators: number): string | undefined {
  const longest = (lists: readonly (readonly unknown[])[]): number => Math.max(0, ...lists.map((l) => l.length));
  const sizes: [what: string, size: number, most: number][] = [
    ['proposed blocks', state.known.size, 24],
    ['tallied views', state.tallies.size, 32],
    ['ViewChanges of one sender', longest(state.viewChanges), 8],
    ['early messages of one sender', longest(state.early), 16],
    ['fetched ViewChanges', state.found.size, 4 * validators],
    ['statements of one validator', longest(state.heard.map((h) => h.statements)), 160],
    ['past heights', state.past.length, 1_000],
    ['own messages of a view', state.sent.length, 8],
    ['justifying ViewChanges', state.justification.length, validators],
    ['offered batches', state.batches.length, 64 * validators],
    ['recalled heights', state.memory.size, 64],
  ];
  const worst = sizes.find(([, size, most]) => size > most);
  return worst && `${worst[0]}: ${worst[1]}, at most ${worst[2]}`;
}
