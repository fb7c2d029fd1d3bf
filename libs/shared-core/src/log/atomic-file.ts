/** Writes a file as a whole: a reader or a crash sees the old content or the new, never a mixture. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';
import { diskFailure } from './disk-failure.ts';
import { type FilePort, nodeFiles, writeFully } from './file-port.ts';

/** Temporary file, fsync, rename, fsync of the folder. @param mode default 0600. @throws DiskFull (exit 69), LogFailed (exit 70) */
export async function atomicWriteFile(path: string, bytes: Uint8Array | string, mode = 0o600, files: FilePort = nodeFiles): Promise<void> {
  await placed(path, bytes, mode, files, (temporary) => files.rename(temporary, path));
}

/** As atomicWriteFile, but never over a file that exists. @returns whether it was made */
export async function atomicCreateFile(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o600,
  files: FilePort = nodeFiles,
): Promise<boolean> {
  let made = true;
  await placed(path, bytes, mode, files, async (temporary) => {
    await files.link(temporary, path).catch((error) => {
      if (systemCode(error) !== 'EEXIST') throw error;
      made = false;
    });
    await files.unlink(temporary);
  });
  return made;
}

async function placed(
  path: string,
  bytes: Uint8Array | string,
  mode: number,
  files: FilePort,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await files.create(temporary, mode);
    try {
      await writeFully(file, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, 0);
      await file.fdatasync();
    } finally {
      await file.close();
    }
    await place(temporary);
    await files.syncDir(dirname(path));
  } catch (cause) {
    await files.unlink(temporary).catch(() => {});
    throw diskFailure(path, cause);
  }
}
