/** What the file system refused, as the error that ends the process: durable state is never continued in memory. */
import { BursarError, coreError, messageOf, systemCode } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** Disk, quota, limit of a file's size. */
const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** @param what such as `the log in /data/log`. @returns DiskFull (exit 69), else LogFailed (exit 70); a BursarError stays as it is. */
export function diskFailure(what: string, cause: unknown): BursarError {
  if (cause instanceof BursarError) return cause;
  const code = systemCode(cause);
  return code !== undefined && NO_SPACE.has(code)
    ? coreError('DiskFull', `no space is left for ${what}`, { exitCode: EXIT.dependency, cause })
    : coreError('LogFailed', `${what} cannot be read or written: ${messageOf(cause)}`, { exitCode: EXIT.safety, cause });
}
