/** A light reading of TypeScript: what is code, what is text, and which modules a file names. */

export interface Specifier {
  /** The module as written, or undefined when it is computed at run time. */
  readonly name: string | undefined;
  /** 1-based. */
  readonly line: number;
}

export const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;

/** After one of these a slash starts a regular expression, after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|delete|await|yield|throw|else|do))\s*$/;

/**
 * The same text, of the same length, with comments, regular expressions and the insides of strings blanked out.
 * Quotes stay, and so does the code inside `${…}`.
 */
export function blank(text: string): string {
  const out = text.split('');
  const wipe = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  /** For each template string we are in: how many braces are open in its current `${…}`. */
  const templates: number[] = [];
  let i = 0;
  const template = (): void => {
    const from = i;
    while (i < text.length && text[i] !== '`' && !text.startsWith('${', i)) i += text[i] === '\\' ? 2 : 1;
    wipe(from, i);
    if (text.startsWith('${', i)) {
      templates.push(0);
      i += 2;
    } else i++;
  };
  while (i < text.length) {
    const c = text[i];
    const rest = text.slice(i, i + 2);
    if (rest === '//' || rest === '/*') {
      const end = text.indexOf(rest === '//' ? '\n' : '*/', i + 2);
      const to = end < 0 ? text.length : rest === '//' ? end : end + 2;
      wipe(i, to);
      i = to;
    } else if (c === "'" || c === '"') {
      const from = ++i;
      while (i < text.length && text[i] !== c && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
      wipe(from, i++);
    } else if (c === '`') {
      i++;
      template();
    } else if (c === '/' && BEFORE_REGEX.test(out.slice(Math.max(0, i - 80), i).join(''))) {
      i = skipRegex(text, i, wipe);
    } else {
      const open = templates.length - 1;
      if (c === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      i++;
      if (c !== '}' || open < 0) continue;
      if (templates[open] === 0) {
        templates.pop();
        template();
      } else templates[open] = (templates[open] ?? 0) - 1;
    }
  }
  return out.join('');
}

function skipRegex(text: string, start: number, wipe: (from: number, to: number) => void): number {
  let inClass = false;
  let i = start + 1;
  for (; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) break;
  }
  wipe(start + 1, i);
  return i + 1;
}

/** Every way in which a module can be named; the name starts at the quote that ends the match. */
const NAMING = [
  /(?<![.\w$])from\s*(?=['"])/g, // import … from, export … from
  /(?<![.\w$])import\s*(?=['"])/g,
  /(?<![.\w$])(?:import|require)\s*\(\s*/g, // import(), also as a type
  /\bimport\s*\.\s*meta\s*\.\s*resolve\s*\(\s*/g,
  /\bnew\s+URL\s*\(\s*(?=['"`]\s*['"`]\s*,\s*import\s*\.\s*meta)/g, // new URL('./worker.ts', import.meta.url)
];

/** The modules that a file names: static, dynamic and type imports, re-exports, worker URLs, referenced declarations. */
export function specifiers(text: string, code = blank(text)): Specifier[] {
  const found: Specifier[] = [];
  for (const pattern of NAMING)
    for (const m of code.matchAll(pattern)) {
      const at = m.index + m[0].length;
      const quote = text[at] ?? '';
      const end = code.indexOf(quote, at + 1);
      const literal = /['"`]/.test(quote) && !text.slice(at, end).includes('${');
      found.push({ name: literal ? text.slice(at + 1, end) : undefined, line: lineOf(text, at) });
    }
  for (const m of text.matchAll(/^\/\/\/\s*<reference\s+path=["']([^"']+)["']/gm))
    found.push({ name: relative(m[1] ?? ''), line: lineOf(text, m.index) });
  return found;
}

const relative = (path: string): string => (path.startsWith('.') ? path : `./${path}`);
