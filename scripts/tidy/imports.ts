/** Who may import whom (docs/architecture.md, "direction of imports"). */
import { type Finding, inSrc, type Source, target } from './tree.ts';

/** Pure packages: the workspace packages and the outside packages that they may use, and nothing else. */
export const PURE: Readonly<Record<string, { readonly libs: readonly string[]; readonly outside: readonly string[] }>> = {
  protocol: { libs: [], outside: ['@bufbuild/protobuf', 'sodium-native', '@chainsafe/hashtree', '@noble/', '@scure/base'] },
  crypto: { libs: ['protocol'], outside: ['sodium-native', '@chainsafe/hashtree', '@noble/', '@scure/base'] },
  merkle: { libs: ['protocol'], outside: ['sodium-native', '@chainsafe/hashtree', '@noble/', '@scure/base'] },
  ledger: { libs: ['protocol', 'crypto', 'merkle'], outside: [] },
  membership: { libs: ['protocol', 'crypto', 'merkle'], outside: [] },
  pbft: { libs: ['protocol', 'crypto', 'merkle', 'membership'], outside: [] },
  executor: { libs: ['protocol'], outside: [] },
};
/** A function of its arguments and nothing else, in one file: the digest of node:crypto (docs/decisions/0015). */
const PURE_FUNCTION = {
  path: 'libs/protocol/src/hash.ts',
  module: 'node:crypto',
  line: "import { hash as nativeHash } from 'node:crypto';",
};
const SHARED_CORE = ['protocol'];
/** These may use every lib. */
const OPEN = new Set(['simulator', 'client', 'chaos']);
/** For scripts and tests alone: nothing that ships breaks itself on purpose. */
const NOT_SHIPPED = new Set(['chaos']);

/** An audit judges what these did: it may share their formats, and none of their code (docs/decisions/0018). */
const INDEPENDENT = { folder: 'apps/bursar/src/audit/', of: new Set(['ledger', 'membership', 'pbft', 'storage']) };

const mayUse = (allowed: readonly string[], name: string): boolean =>
  allowed.some((a) => (a.endsWith('/') ? name.startsWith(a) : name === a || name.startsWith(`${a}/`)));

const isPureFunction = (s: Source, name: string): boolean =>
  s.path === PURE_FUNCTION.path && name === PURE_FUNCTION.module && s.text.includes(PURE_FUNCTION.line);

function allowedLibs(s: Source, libs: ReadonlySet<string>): ReadonlySet<string> | undefined {
  if (s.kind === 'app' || OPEN.has(s.name)) return libs;
  if (s.name === 'shared-core') return new Set(SHARED_CORE);
  const pure = PURE[s.name];
  return pure && new Set(pure.libs);
}

export function checkImports(sources: readonly Source[]): Finding[] {
  const libs = new Set(sources.filter((s) => s.kind === 'lib').map((s) => s.name));
  const apps = new Set(sources.filter((s) => s.kind === 'app').map((s) => s.name));
  const found: Finding[] = [];
  for (const s of sources) {
    const allowed = allowedLibs(s, libs);
    if (allowed === undefined && inSrc(s))
      found.push({ rule: 'direction', path: s.path, line: 0, what: `${s.folder} has no row in scripts/tidy/imports.ts` });
    for (const { name, line } of s.imports) {
      const add = (rule: string, what: string): void => {
        found.push({ rule, path: s.path, line, what });
      };
      if (name === undefined) {
        if (inSrc(s) && PURE[s.name]) add('purity', 'a pure lib imports a module whose name is computed');
        continue;
      }
      const goal = target(s.path, name);
      if (goal !== undefined) {
        if (inSrc(s) && !goal.startsWith(`${s.folder}/`)) add('leaves-package', `${name} leaves ${s.folder}: import by package name`);
        continue;
      }
      const workspace = /^@bursar\/([^/]+)/.exec(name)?.[1];
      if (workspace !== undefined) {
        if (apps.has(workspace) && s.name !== workspace) add('app-imported', `nothing imports an app: ${name}`);
        else if (inSrc(s) && NOT_SHIPPED.has(workspace) && s.name !== workspace) add('direction', `${name} is for scripts and tests`);
        else if (s.path.startsWith(INDEPENDENT.folder) && INDEPENDENT.of.has(workspace))
          add('independence', `the audit may not import ${name}`);
        else if (inSrc(s) && allowed && workspace !== s.name && !allowed.has(workspace))
          add('direction', `${s.folder} may not import ${name}`);
      } else if (inSrc(s) && PURE[s.name] && !mayUse(PURE[s.name]?.outside ?? [], name) && !isPureFunction(s, name))
        add('purity', `pure lib ${s.name} may not import ${name}`);
    }
  }
  return found;
}
