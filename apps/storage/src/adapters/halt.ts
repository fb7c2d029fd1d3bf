/** The end of a process that must not go on: a dump for the operator, then the exit code. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BursarError, coreError, EXIT, type Logger, messageOf, rejection } from '@bursar/shared-core';
import type { Dump, Halt } from '../ports.ts';

export interface HaltOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly onFork: () => void;
  /** Logs and ends the process with the error's exit code. */
  readonly fatal: (error: unknown) => never;
}

export const haltWithDump =
  ({ dataDir, log, nowMs, onFork, fatal }: HaltOptions): Halt =>
  (name, reason, dump, cause) => {
    if (name === 'StateForkDetected') onFork();
    const path = join(dataDir, `dump-${nowMs()}-${name}.json`);
    writeDump(path, { name, reason, ...dump, cause: cause === undefined ? null : messageOf(cause) }, log);
    if (name === 'LogFailed' && cause instanceof BursarError) return fatal(cause); // it knows a full disk (69) from a failed one (70)
    const extras = { exitCode: EXIT.safety, details: { dump: path }, cause };
    return fatal(name === 'StateForkDetected' ? rejection(name, reason, extras) : coreError(name, reason, extras));
  };

/** Synchronous: nothing else may run any more. A dump that cannot be written does not keep the process alive. */
function writeDump(path: string, dump: Dump, log: Logger): void {
  try {
    const fd = openSync(path, 'wx', 0o600);
    writeSync(fd, `${JSON.stringify(dump, null, 2)}\n`);
    fsyncSync(fd);
    closeSync(fd);
  } catch (error) {
    log.error({ err: error, path }, 'the dump could not be written');
  }
}
