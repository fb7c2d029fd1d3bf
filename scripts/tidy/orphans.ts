/** Files in src/ that no entry point leads to: dead code, however many tests it has. */
import { type Files, type Finding, inSrc, type Source, target } from './tree.ts';

const ENTRY = /\/src\/(?:index|main|rpc)\.ts$|\/src\/(?:.*\/)?(?:worker|preload-)[^/]*\.ts$/;

/** The files that a package.json names in `exports` and `bin`, as paths from the root. */
function published(files: Files, folder: string): string[] {
  const paths: string[] = [];
  const visit = (v: unknown): void => {
    if (typeof v === 'string') paths.push(target(`${folder}/package.json`, v.startsWith('.') ? v : `./${v}`) ?? '');
    else if (typeof v === 'object' && v !== null) Object.values(v).forEach(visit);
  };
  const manifest = JSON.parse(files.get(`${folder}/package.json`) ?? '{}') as { exports?: unknown; bin?: unknown };
  visit(manifest.exports);
  visit(manifest.bin);
  return paths;
}

export function checkOrphans(files: Files, sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((s) => [s.path, s]));
  const reached = new Set<string>();
  const next = [...new Set(sources.map((s) => s.folder))].flatMap((folder) => published(files, folder));
  next.push(...sources.filter((s) => ENTRY.test(s.path) || s.path.startsWith(`${s.folder}/bin/`)).map((s) => s.path));
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { name } of byPath.get(path)?.imports ?? []) {
      const goal = name === undefined ? undefined : target(path, name);
      if (goal !== undefined) next.push(goal);
    }
  }
  return sources
    .filter((s) => inSrc(s) && !s.generated && !reached.has(s.path))
    .map((s) => ({ rule: 'orphan', path: s.path, line: 0, what: 'no entry point of its package leads to this file' }));
}
