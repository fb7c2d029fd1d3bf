/** Errors of the program in plain words: what went wrong, under which code, and what to do. */
import { type BursarError, errorFrom, messageOf, rejection } from '@bursar/shared-core';
import { visible } from './visible.ts';

/** Codes that mean: what is needed does not run (exit 69). */
const UNREACHABLE = new Set(['PEER_UNREACHABLE', 'DEPENDENCY_UNAVAILABLE', 'PROCESSING_TIMEOUT', 'PORT_TAKEN']);
const CONFIGURATION = new Set(['KEY_FILE_INVALID', 'GENESIS_MISMATCH', 'CONFIGURATION']);

export function exitCodeOf(error: BursarError): number {
  if (error.exitCode !== 1) return error.exitCode;
  if (UNREACHABLE.has(error.reason)) return 69;
  return CONFIGURATION.has(error.reason) ? 78 : 1;
}

/** Lines for a person. Every violation is listed. */
export function explain(thrown: unknown): string {
  const error = errorFrom(thrown);
  const cause = error.reason === 'INTERNAL' && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
  const violations = error.violations.map((v) =>
    visible(`    ${v.field}: ${v.code === undefined ? '' : `${v.code} ${v.reason}: `}${v.description}`),
  );
  const message = `${error.message}${cause}`.split('\n').map(visible).join('\n');
  return [`bursar: ${message}`, ...violations, `  code:  ${error.code} ${error.reason}`, `  do:    ${error.remedy}`].join('\n');
}

/** The same for programs. */
export function errorJson(thrown: unknown): unknown {
  const { code, reason, message, remedy, severity, violations, details } = errorFrom(thrown);
  return { error: { code, reason, message, remedy, severity, violations, details } };
}

/** A wrong call of the program (exit 64). */
export const usage = (message: string, remedy: string): BursarError => rejection('FieldInvalid', message, { remedy, exitCode: 64 });

/** A local network that does not come up or breaks (exit 69); `log` holds the lines that explain it. */
export const networkFailed = (message: string, remedy: string, log: readonly string[] = []): BursarError =>
  rejection('DependencyUnavailable', [message, ...log.map((l) => `    ${l}`)].join('\n'), { remedy, exitCode: 69 });
