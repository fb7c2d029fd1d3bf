/** The NATS server of a local network: transport only, on loopback, with a password that stands in 0600 files alone. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './layout.ts';
import { host, writeWhole } from './network-file.ts';

export const NATS = 'nats-server';
const USER = 'bursar';

function password(at: Layout): string {
  const path = join(at.natsData, 'password');
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

export const natsUrl = (at: Layout, port: number): string => `nats://${USER}:${password(at)}@${host}:${port}`;

export function writeNatsConfig(at: Layout, port: number, monitorPort?: number): void {
  const text = `server_name: bursar-devnet
host: ${JSON.stringify(host)}
port: ${port}
${monitorPort === undefined ? '' : `http: ${JSON.stringify(`${host}:${monitorPort}`)}\n`}max_payload: 1048576
jetstream { store_dir: ${JSON.stringify(join(at.natsData, 'jetstream'))}, max_memory_store: 67108864, max_file_store: 1073741824 }
authorization { user: ${USER}, password: "${password(at)}" }
`;
  writeWhole(at.natsConfig, text);
}

/**
 * A NATS server does not watch over its parent as our services do. Attached, a shell does it: the pipe on its standard input ends
 * when the parent is gone, however it went, and the server is stopped.
 */
const WATCHED = `exec 3<&0
"$0" -c "$1" 3<&- &
server=$!
( read -r _ <&3; kill "$server" 2>/dev/null ) &
watcher=$!
trap 'kill "$server" 2>/dev/null' TERM INT
wait "$server"
code=$?
[ $code -gt 128 ] && kill -0 "$server" 2>/dev/null && { wait "$server"; code=$?; }
kill "$watcher" 2>/dev/null
exit $code`;

export const natsCommand = (program: string, config: string, attached: boolean): { file: string; args: string[] } =>
  attached ? { file: '/bin/sh', args: ['-c', WATCHED, program, config] } : { file: program, args: ['-c', config] };
