/** Plants bugs: modules are edited as this thread loads them, so it must happen before the first of them is imported. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Edit } from './mutant.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');

/** @throws Error unless every edit fits its file: a mutant that no longer fits must not pass for a found one. */
export function editedSources(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, put } of edits) {
    const url = pathToFileURL(join(ROOT, file)).href;
    const parts = (sources.get(url) ?? readFileSync(join(ROOT, file), 'utf8')).split(find);
    if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, not once: ${find}`);
    sources.set(url, parts.join(put));
  }
  return sources;
}

export function applyEdits(edits: readonly Edit[]): void {
  const sources = editedSources(edits);
  registerHooks({
    load(url, context, next) {
      const source = sources.get(url);
      return source === undefined ? next(url, context) : { ...next(url, context), source };
    },
  });
}
