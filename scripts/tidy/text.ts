/** Rules about words and sizes, for every text file of the repository. Words are put together, so that no rule meets itself. */
import { posix } from 'node:path';
import { blank, lineOf } from './source.ts';
import { type Files, type Finding, isGenerated, isScript } from './tree.ts';

export const MAX_LINES = 350;

const word = (...parts: string[]): string => parts.join('');
const UNFINISHED = new RegExp(
  [
    `\\b(?:${word('TO', 'DO')}|${word('FIX', 'ME')}|${word('X', 'XX')}|${word('HA', 'CK')}|${word('W', 'IP')}|${word('TB', 'D')})\\b`,
    `\\b(?:[Ff]${word('or n', 'ow')}|[Nn]ot (?:yet |)${word('imple', 'mented')}|[Cc]oming ${word('so', 'on')})\\b`,
  ].join('|'),
  'g',
);
const PLACES = new RegExp(
  [
    `\\.\\./${word('sha', 'red')}(?![-\\w])`,
    `(?<![\\w.~)}-])/(?:${word('wo', 'rk')}|${word('ro', 'ot')}|${word('ho', 'me')}/\\w+|${word('Us', 'ers')}/\\w+)/`,
    `/tmp/${word('bri', 'ef')}`,
  ].join('|'),
  'g',
);
const REGISTRIES = new RegExp(
  `${word('regis', 'try')}\\.npmjs\\.org|${word('pypi', '.org')}|${word('proxy.', 'golang')}\\.org|"${word('resol', 'ved')}": "http`,
  'g',
);

const EXPORT_STAR = /\bexport\s*\*\s*from\b/g;
const FOCUSED = /\b(?:describe|it|test)\s*\.\s*only\b|(?<![.\w$])(?:fit|fdescribe)\s*\(/g;

/** Markdown links to files of this repository. */
const LINK = /\]\((?![a-z]+:|#)([^)\s#]+)(?:#[^)]*)?\)/g;

/** Not ours to word: fetched, generated or prescribed. */
const isForeign = (path: string): boolean => path.startsWith('third_party/') || isGenerated(path) || path === 'LICENSE';
export const countLines = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

export function checkText(files: Files): Finding[] {
  const found: Finding[] = [];
  for (const [path, text] of files) {
    if (isForeign(path)) continue;
    const grep = (rule: string, pattern: RegExp, what: (hit: string) => string, where = text): void => {
      for (const m of where.matchAll(pattern)) found.push({ rule, path, line: lineOf(where, m.index), what: what(m[0]) });
    };
    grep('registry', REGISTRIES, (hit) => `names a registry: ${hit}`);
    if (path === 'package-lock.json') continue;
    grep('unfinished', UNFINISHED, (hit) => `unfinished: “${hit}”`);
    grep('place', PLACES, (hit) => `a path of one machine: ${hit}`);
    if (path.endsWith('.md')) found.push(...deadLinks(path, text, files));
    if (!isScript(path)) continue;
    const code = blank(text);
    grep('export-star', EXPORT_STAR, () => 'exports are listed by hand', code);
    if (path.includes('/test/')) grep('focused', FOCUSED, (hit) => `${hit} silently skips the other tests`, code);
    const lines = countLines(text);
    if (lines > MAX_LINES) found.push({ rule: 'size', path, line: 0, what: `${lines} lines, the most is ${MAX_LINES}` });
  }
  return found;
}

/** Links to what is not there: a file, or a folder with something in it. */
function deadLinks(path: string, text: string, files: Files): Finding[] {
  return [...text.matchAll(LINK)].flatMap(({ index, 1: to = '' }) => {
    const target = posix.join(posix.dirname(path), to).replace(/\/$/, '');
    if (files.has(target) || [...files.keys()].some((f) => f.startsWith(`${target}/`))) return [];
    return [{ rule: 'dead-link', path, line: lineOf(text, index), what: `there is no ${to}` }];
  });
}
