/** What the file system refused, as the error that ends the process: durable state is never continued in memory. */
import { BursarError, coreError, messageOf, systemCode } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** @param what such as `the log in /data/log`. @returns DiskFull (exit 69), else LogFailed (exit 70); a BursarError stays as it is. */
export function diskFailure(what: string, cause: unknown): BursarError {
  if (cause instanceof BursarError) return cause;
  const code = systemCode(cause);
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? coreError('DiskFull', `no space is left for ${what}`, { exitCode: EXIT.dependency, cause })
    : coreError('LogFailed', `${what} cannot be written: ${messageOf(cause)}`, { exitCode: EXIT.safety, cause });
}
