/** How the processes of a local network are started. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from '../config.ts';
import { networkFailed } from '../errors.ts';
import { bundledEntry, bundleServices } from './bundle.ts';
import { type ServiceSpec, sourceEntry } from './services.ts';

export interface Programs {
  readonly command: (app: ServiceSpec['app']) => { readonly file: string; readonly args: readonly string[] };
  readonly natsServer: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Eighteen processes share the cores of one machine: helper threads for each one's garbage would only take them from the others. Young generations of 64 MiB measured no better than these.
 * V8 counts what NATS and gRPC bring as part of the heap: one that begins small is collected whole for every 20 MB of bodies, which took half of consensus' main thread under payments.
 */
const NODE_FLAGS = ['--no-warnings', '--single-threaded-gc', '--max-semi-space-size=8', '--initial-old-space-size=128'];

/** @throws DependencyUnavailable (exit 69) without a NATS server */
export async function findPrograms({ root, natsServer, childEnv }: Surroundings): Promise<Programs> {
  if (natsServer === undefined || !existsSync(natsServer))
    throw networkFailed(
      natsServer === undefined ? 'no NATS server is known' : `there is no NATS server at ${natsServer} (BURSAR_NATS_SERVER)`,
      'Set BURSAR_NATS_SERVER to a nats-server program of version 2.11 or newer, or run "npm start", which installs one.',
    );
  const pinned = join(root, 'node_modules', '.bin', 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const bundles = await bundleServices(root, node);
  return {
    command: (app) => ({ file: node, args: [...NODE_FLAGS, bundles ? bundledEntry(bundles, app) : sourceEntry(root, app)] }),
    natsServer,
    env: childEnv,
  };
}
