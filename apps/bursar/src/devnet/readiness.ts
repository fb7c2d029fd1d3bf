/** Waits until every process says that it is ready; names who does not, and why. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkFailed } from '../errors.ts';
import type { Child } from './child.ts';
import { lastLines } from './last-lines.ts';
import { host } from './network-file.ts';

export interface Waited {
  readonly name: string;
  readonly adminPort: number;
  readonly log: string;
}

/** Undefined: ready; else what is missing, as the process says it. */
export function readyProblem(adminPort: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port: adminPort, path: '/readyz', timeout: 1_000, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body = (body + chunk).slice(0, 8_192);
      });
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : failing(body)));
      response.on('error', () => resolve('it does not answer'));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', () => resolve('it does not answer yet'));
  });
}

function failing(body: string): string {
  try {
    const { failing: list } = JSON.parse(body) as { failing: { name: string; reason: string }[] };
    return list.map((f) => `${f.name}: ${f.reason}`).join('; ') || 'it is not ready';
  } catch {
    return 'it is not ready';
  }
}

/** @param check throws when a process has ended. @throws DependencyUnavailable (exit 69) then, or after `timeoutMs` with everyone who is not ready */
export async function waitReady(all: readonly Waited[], check: () => void, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let open = all.map((w) => ({ ...w, problem: 'it does not answer yet' as string | undefined }));
  while (open.length > 0) {
    signal?.throwIfAborted();
    check();
    open = (await Promise.all(open.map(async (w) => ({ ...w, problem: await readyProblem(w.adminPort) })))).filter(
      (w) => w.problem !== undefined,
    );
    if (open.length === 0) return;
    if (Date.now() >= deadline) {
      const first = open[0];
      const names = open.map((w) => `${w.name} (${w.problem})`).join(', ');
      const log = first ? [`${first.log}:`, ...lastLines(first.log)] : [];
      throw networkFailed(`not ready after ${Math.round(timeoutMs / 1_000)} s: ${names}`, 'Read the log named above; then try again.', log);
    }
    await sleep(80);
  }
}

/** @throws DependencyUnavailable (exit 69) with its last log lines when a process has ended by itself */
export function throwIfEnded(child: Child | undefined): void {
  const exit = child?.exit();
  if (!child || !exit) return;
  const how = exit.signal ? `was ended by ${exit.signal}` : `ended with code ${exit.code}`;
  throw networkFailed(`${child.name} ${how}`, 'Read the log named above; it says why.', [`${child.log}:`, ...lastLines(child.log)]);
}
