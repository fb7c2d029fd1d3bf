/** A disk that is really full: a file system of 256 KiB where this user may mount one, and a limit on the size of files everywhere. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const program = join(import.meta.dirname, 'support', 'fill-disk.ts');
const dir = mkdtempSync(join(tmpdir(), 'bursar-full-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A mount name space of its own: the file system is gone with the process. */
const MOUNT = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=256k none "$0" && exec "$@"', dir];
const mayMount = spawnSync(MOUNT[0] as string, [...MOUNT.slice(1), 'true']).status === 0;

const fill = ([file = '', ...args]: readonly string[], folder: string) =>
  JSON.parse(execFileSync(file, [...args, process.execPath, '--no-warnings', program, folder], { encoding: 'utf8' })) as Record<
    string,
    unknown
  > & { acknowledged: number };

describe('a full disk', () => {
  const whatIsFull: [sentence: string, command: readonly string[], folder: string, possible: boolean][] = [
    ['a file system without space (ENOSPC)', MOUNT, join(dir, 'log'), mayMount],
    ['a limit on the size of files (EFBIG)', ['bash', '-c', 'ulimit -f 200; exec "$0" "$@"'], join(dir, 'limited'), true],
  ];
  for (const [sentence, command, folder, possible] of whatIsFull)
    (possible ? it : it.skip)(`${sentence}: DiskFull, exit 69, and all that was acknowledged is read back`, () => {
      const { acknowledged, ...rest } = fill(command, folder);
      expect(acknowledged).toBeGreaterThan(50);
      expect(rest).toMatchObject({ reason: 'DISK_FULL', exitCode: 69, found: acknowledged });
    });
});
