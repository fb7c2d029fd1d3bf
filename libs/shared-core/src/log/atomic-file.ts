/** Replaces a file as a whole: a reader or a crash sees the old content or the new, never a mixture. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { coreError, messageOf, systemCode } from '../errors.ts';
import { type FilePort, nodeFiles, writeFully } from './file-port.ts';

/** Temporary file, fsync, rename, fsync of the folder. @param mode default 0600. @throws DiskFull, LogFailed */
export async function atomicWriteFile(path: string, bytes: Uint8Array | string, mode = 0o600, files: FilePort = nodeFiles): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await files.create(temporary, mode);
    try {
      await writeFully(file, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, 0);
      await file.fdatasync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
    await files.syncDir(dirname(path));
  } catch (cause) {
    await files.unlink(temporary).catch(() => {});
    const full = systemCode(cause) === 'ENOSPC' || systemCode(cause) === 'EDQUOT';
    throw coreError(
      full ? 'DiskFull' : 'LogFailed',
      full ? `no space is left for ${path}` : `${path} cannot be written: ${messageOf(cause)}`,
      { cause },
    );
  }
}
