/** The tree as the rules see it: texts by path, sorted into packages. */
import { posix } from 'node:path';
import { blank, type Specifier, specifiers } from './source.ts';

/** Text by path from the repository's root, with forward slashes. */
export type Files = ReadonlyMap<string, string>;

export interface Finding {
  readonly rule: string;
  readonly path: string;
  /** 1-based; 0 when it concerns the whole file. */
  readonly line: number;
  readonly what: string;
}

export interface Source {
  readonly path: string;
  /** `apps/consensus`, `libs/pbft`. */
  readonly folder: string;
  readonly kind: 'app' | 'lib';
  /** The folder's last name: `pbft`. */
  readonly name: string;
  readonly text: string;
  /** The text without comments and the insides of strings; positions unchanged. */
  readonly code: string;
  readonly imports: readonly Specifier[];
  readonly generated: boolean;
}

export const isScript = (path: string): boolean => /\.(ts|mts|mjs|js)$/.test(path);
export const isGenerated = (path: string): boolean => path.includes('/gen/');

/** Every script of every package, read once. */
export function readSources(files: Files): Source[] {
  const found: Source[] = [];
  for (const [path, text] of files) {
    const m = /^(apps|libs)\/([^/]+)\//.exec(path);
    if (m === null || !isScript(path)) continue;
    const code = blank(text);
    found.push({
      path,
      folder: `${m[1]}/${m[2]}`,
      kind: m[1] === 'apps' ? 'app' : 'lib',
      name: m[2] ?? '',
      text,
      code,
      imports: specifiers(text, code),
      generated: isGenerated(path),
    });
  }
  return found;
}

export const inSrc = (s: Source): boolean => s.path.startsWith(`${s.folder}/src/`);

/** Where a relative import leads, as a path from the root; undefined for a package's name. */
export function target(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), specifier)) : undefined;
}
