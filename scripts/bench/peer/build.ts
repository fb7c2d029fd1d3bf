/** Builds the peer with Go, everything inside the clone: CometBFT and its dependencies are pinned by go.mod and go.sum beside this file. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask, outerPath, run } from '../../setup/spawn.mjs';

const GO_LEAST = { major: 1, minor: 22 }; // CometBFT's own go.mod asks for it

/** The program, or in words why there is none. */
export type PeerProgram = { readonly program: string } | { readonly missing: string };

/** @param tools the clone's tool folder */
export async function buildPeer(tools: string, say: (line: string) => void): Promise<PeerProgram> {
  const sources = globSync('*.go', { cwd: import.meta.dirname })
    .concat('go.mod', 'go.sum')
    .sort();
  const hash = createHash('sha256');
  for (const f of sources) hash.update(f).update(readFileSync(join(import.meta.dirname, f)));
  const folder = join(tools, 'peer');
  const program = join(folder, `peer-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return { program };
  const found = /go(\d+)\.(\d+)/.exec(ask('go', 'env', 'GOVERSION') ?? '');
  if (!found) return { missing: 'the peer is unavailable: Go is not installed' };
  if (Number(found[1]) < GO_LEAST.major || (Number(found[1]) === GO_LEAST.major && Number(found[2]) < GO_LEAST.minor))
    return { missing: `the peer is unavailable: ${found[0]} is older than Go ${GO_LEAST.major}.${GO_LEAST.minor}` };
  const draft = join(folder, `draft.${process.pid}`);
  mkdirSync(join(draft, 'tmp'), { recursive: true });
  say('Building CometBFT v0.38.19 and its application with Go (a minute or two, once).');
  const env = {
    PATH: outerPath(),
    GOPATH: join(draft, 'path'),
    GOMODCACHE: join(draft, 'path', 'pkg', 'mod'),
    GOCACHE: join(draft, 'cache'),
    GOTMPDIR: join(draft, 'tmp'),
    GOFLAGS: '-modcacherw -buildvcs=false -trimpath', // -modcacherw: else the folder could not be deleted
    GOTOOLCHAIN: 'local',
  };
  const built = join(draft, 'peer');
  const r = await run('go', ['build', '-o', built, '.'], { cwd: import.meta.dirname, env, timeoutMs: 600_000, onStart: () => {} });
  const ok = r.ok && existsSync(built);
  if (ok) {
    for (const old of globSync('peer-*', { cwd: folder })) rmSync(join(folder, old));
    renameSync(built, program);
  }
  rmSync(draft, { recursive: true, force: true }); // 1 GB of sources and build cache that nothing needs again
  return ok ? { program } : { missing: `the peer is unavailable: go build failed: ${r.output.trim().split('\n').at(-1) ?? ''}` };
}
