/** What the program takes from its surroundings; the only reader of the environment here. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Surroundings {
  /** The clone. */
  readonly root: string;
  /** nats-server program; undefined when nothing names one. */
  readonly natsServer: string | undefined;
  /** Environment for the processes of a local network: settings of ours stay out, because they would beat the config files. */
  readonly childEnv: Readonly<Record<string, string>>;
  readonly isTty: boolean;
}

export function surroundings(): Surroundings {
  const root = dirname(dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))));
  const childEnv: Record<string, string> = { NODE_COMPILE_CACHE: join(root, '.tools', 'compile-cache') };
  for (const [name, value] of Object.entries(process.env)) {
    const isOurs = name.startsWith('BURSAR_') || name === 'NATS_URL' || name === 'NODE_OPTIONS' || name === 'OTEL_SERVICE_NAME';
    if (!isOurs && value !== undefined) childEnv[name] ??= value;
  }
  return { root, natsServer: process.env['BURSAR_NATS_SERVER'] || undefined, childEnv, isTty: process.stdout.isTTY === true };
}
