/** What pure libs must not touch, and where the environment may be read. */
import { PURE } from './imports.ts';
import { lineOf } from './source.ts';
import { type Finding, inSrc, type Source } from './tree.ts';

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/(?<![.\w$])Date\s*[.(]|\bnew\s+Date\b/g, 'the clock (pass the time in)'],
  [/(?<![.\w$])performance\s*\??\./g, 'the clock (pass the time in)'],
  [/(?<![.\w$])Temporal\s*\??\./g, 'the clock (pass the time in)'],
  [/\bMath\s*\.\s*random\b/g, 'randomness'],
  [/\bcrypto\s*\??\.\s*(?:getRandomValues|randomUUID|subtle)\b/g, 'randomness'],
  [/(?<![.\w$])(?:randombytes_\w+|crypto_sign_keypair)\b/g, 'randomness'],
  [/(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, 'a timer'],
  [/\bAbortSignal\s*\??\.\s*timeout\b/g, 'a timer'],
  [/(?<![.\w$])process\s*\??[.[]/g, 'the process'],
  [/(?<![.\w$])globalThis\b/g, 'a global object'],
  [/(?<![.\w$])fetch\s*\(/g, 'the network'],
  [/(?<![.\w$])console\s*\??\./g, 'the console'],
  [/(?<![.\w$])Intl\s*\??\.|\.\s*(?:toLocale\w*|localeCompare)\b/g, 'the locale, which differs between machines'],
];

const ENVIRONMENT = [
  /(?<![.\w$])process\s*\??\.\s*env\b/g,
  /(?<![.\w$])process\s*\??\.?\s*\[/g,
  /\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b(?!\s*[.[(])/g,
  /\bimport\s*\{[^{}]*\benv\b[^{}]*\}\s*from\s*['"]/g,
];
/** Telemetry sets the defaults of the OTEL_* variables before its SDK reads them. */
const mayReadEnvironment = (path: string): boolean => path.endsWith('/config.ts') || path === 'libs/shared-core/src/telemetry.ts';

export function checkPurity(sources: readonly Source[]): Finding[] {
  const found: Finding[] = [];
  for (const s of sources) {
    if (!inSrc(s) || s.generated) continue;
    if (PURE[s.name] && s.kind === 'lib')
      for (const [pattern, what] of FORBIDDEN)
        for (const m of s.code.matchAll(pattern))
          found.push({ rule: 'purity', path: s.path, line: lineOf(s.code, m.index), what: `a pure lib uses ${what}: ${m[0].trim()}` });
    if (mayReadEnvironment(s.path)) continue;
    for (const pattern of ENVIRONMENT)
      for (const m of s.code.matchAll(pattern)) {
        const fromProcess = /^['"](?:node:)?process['"]/.test(s.text.slice(m.index + m[0].length - 1));
        if (m[0].startsWith('import') && !fromProcess) continue;
        found.push({
          rule: 'environment',
          path: s.path,
          line: lineOf(s.code, m.index),
          what: 'the environment is read in config.ts alone',
        });
      }
  }
  return found;
}
