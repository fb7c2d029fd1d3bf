/** A real nats-server with JetStream for one test file: any free port, its own folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL; the folder and the port stay for `restart`. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startNatsServer(args: readonly string[] = []): Promise<NatsServer> {
  const binary = process.env['BURSAR_NATS_SERVER'];
  if (!binary) throw new Error('BURSAR_NATS_SERVER must name the nats-server program; npm test sets it');
  const dir = await mkdtemp(join(tmpdir(), 'bursar-nats-'));
  let child: ChildProcess;
  let port = -1;
  const start = async () => {
    child = spawn(binary, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', dir, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ready = Promise.withResolvers<void>();
    const said: string[] = [];
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      said.push(line);
      const listening = /Listening for client connections on .*:(\d+)/.exec(line);
      if (listening) port = Number(listening[1]);
      if (line.includes('Server is ready')) ready.resolve();
    });
    child.once('exit', () => ready.reject(new Error(`nats-server ended:\n${said.join('\n')}`)));
    await ready.promise;
  };
  const kill = async () => {
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill,
    restart: start,
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
