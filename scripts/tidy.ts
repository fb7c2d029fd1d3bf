/** `node scripts/tidy.ts`: the rules of the house that no other tool checks. Findings, then file sizes as a report. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkImports } from './tidy/imports.ts';
import { checkOrphans } from './tidy/orphans.ts';
import { checkPurity } from './tidy/purity.ts';
import { checkText, countLines } from './tidy/text.ts';
import { type Files, type Finding, isGenerated, isScript, readSources } from './tidy/tree.ts';

/** All findings over a tree given as text by path; no file is read. */
export function tidy(files: Files): Finding[] {
  const sources = readSources(files);
  const found = [...checkImports(sources), ...checkPurity(sources), ...checkOrphans(files, sources), ...checkText(files)];
  return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
}

/** The sizes of our own scripts: how many, how long, and the longest five. */
export function sizes(files: Files): string {
  const own = [...files].filter(([p]) => isScript(p) && !isGenerated(p)).map(([p, text]) => ({ p, lines: countLines(text) }));
  own.sort((a, b) => b.lines - a.lines);
  const total = own.reduce((sum, f) => sum + f.lines, 0);
  const median = own[Math.floor(own.length / 2)]?.lines ?? 0;
  const longest = own.slice(0, 5).map((f) => `${f.p} ${f.lines}`);
  return `${own.length} files, ${total} lines, median ${median}; longest: ${longest.join(', ')}`;
}

const SKIP = new Set(['.git', 'node_modules', '.nx', '.tools', '.bursar', 'dist', 'coverage']);
function walk(root: string, under = ''): string[] {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((e) => {
    const path = under === '' ? e.name : `${under}/${e.name}`;
    if (e.isDirectory()) return SKIP.has(e.name) ? [] : walk(root, path);
    return e.isFile() ? [path] : [];
  });
}

/** What is or would be committed: git's list, or every file where there is no git. Binary and huge files are left out. */
export function readTree(root: string): Files {
  let paths: string[];
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    paths = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\0',
    );
  } catch {
    paths = walk(root);
  }
  const files = new Map<string, string>();
  for (const path of new Set(paths)) {
    const stat = path === '' ? undefined : statSync(join(root, path), { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > 1 << 20) continue;
    const text = readFileSync(join(root, path), 'utf8');
    if (!text.includes('\0')) files.set(path, text);
  }
  return files;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const files = readTree(join(import.meta.dirname, '..'));
  const found = tidy(files);
  for (const f of found) console.log(`${f.path}${f.line > 0 ? `:${f.line}` : ''}  ${f.rule}  ${f.what}`);
  console.log(sizes(files));
  process.exitCode = found.length > 0 ? 1 : 0;
}
