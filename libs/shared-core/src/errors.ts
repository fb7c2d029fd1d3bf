/** The one error class of Bursar: every rejection has a code, a reason, a remedy and a severity (C4). */
import { type RejectionName, rejections, type Severity } from '@bursar/protocol';
import { EXIT, type ExitCode } from './exit-codes.ts';

export type { RejectionName, Severity };

/** A field of a request that broke a rule, as in google.rpc.BadRequest. */
export interface FieldViolation {
  /** Path such as `items[2].amount`. */
  readonly field: string;
  readonly description: string;
  /** Where fields are refused each under a code of its own: that code and its reason. They do not travel on gRPC. */
  readonly code?: number;
  readonly reason?: string;
}

export interface BursarErrorInit {
  /** Rejection code, 1001 and up; 9xxx are the running program's (CORE). */
  readonly code: number;
  /** UPPER_SNAKE name of the code; stable, for machines. */
  readonly reason: string;
  /** One plain sentence: what went wrong. Never a secret: it reaches the caller. */
  readonly message: string;
  /** One plain sentence: what the reader can do about it. */
  readonly remedy: string;
  readonly severity?: Severity;
  /** Facts for machines: small, string valued. */
  readonly details?: Readonly<Record<string, string>>;
  /** When trying again makes sense. */
  readonly retryAfterMs?: number;
  readonly violations?: readonly FieldViolation[];
  /** Exit code when this error ends the process; default 1. */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

export class BursarError extends Error {
  override readonly name = 'BursarError';
  readonly code: number;
  readonly reason: string;
  readonly remedy: string;
  readonly severity: Severity;
  readonly details: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly violations: readonly FieldViolation[];
  readonly exitCode: ExitCode;

  constructor(init: BursarErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.remedy = init.remedy;
    this.severity = init.severity ?? 'medium';
    this.details = init.details ?? {};
    this.retryAfterMs = init.retryAfterMs;
    this.violations = init.violations ?? [];
    this.exitCode = init.exitCode ?? EXIT.fatal;
  }
}

/** What may be said beside a table's row. */
export type ErrorExtras = Partial<Omit<BursarErrorInit, 'code' | 'reason' | 'message'>>;

/** Codes of the running program itself; everything that the network may answer stands in protocol's list of rejections. */
export const CORE = {
  Internal: [9000, 'high', 'Look in the log of the service with the trace id of this call.'],
  Cancelled: [9001, 'low', 'Nothing: the caller ended the call.'],
  Unimplemented: [9002, 'medium', 'Use a server version that offers this method.'],
  Configuration: [9010, 'high', 'Correct the settings named above; --help lists them all.'],
  PortTaken: [9011, 'high', 'Stop the program that holds the port or configure another one.'],
  FolderLocked: [9012, 'high', 'Stop the process that uses the folder, or use another folder.'],
  DiskFull: [9013, 'critical', 'Free space on the disk, then start the service again.'],
  LogFailed: [9014, 'critical', 'Check the disk, then start the service again: it replays what is safe.'],
  LogCorrupt: [9015, 'critical', 'Keep the folder for analysis and restore this replica from a peer or a backup.'],
} as const satisfies Record<string, readonly [number, Severity, string]>;
export type CoreErrorName = keyof typeof CORE;

/** `QueueFull` → `QUEUE_FULL`: names of codes on the wire (google.rpc.ErrorInfo.reason). */
export const reasonOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/** An error of the running program; the remedy of the table stands unless a better one is given. */
export function coreError(name: CoreErrorName, message: string, extras: ErrorExtras = {}): BursarError {
  const [code, severity, remedy] = CORE[name];
  return new BursarError({ code, reason: reasonOf(name), message, severity, remedy, ...extras });
}

/** An error out of protocol's list of rejections (C4); the listed sentence is the message unless a better one is given. */
export function rejection(name: RejectionName, message?: string, extras: ErrorExtras = {}): BursarError {
  const { code, severity, reason, remedy } = rejections[name];
  return new BursarError({ code, reason: reasonOf(name), message: message ?? reason, severity, remedy, ...extras });
}

/** Any thrown value as a BursarError. A stranger becomes INTERNAL and keeps its text only in `cause`, for the log. */
export function errorFrom(thrown: unknown): BursarError {
  return thrown instanceof BursarError ? thrown : coreError('Internal', 'internal error', { cause: thrown });
}

/** Message of any thrown value, for logs and for errors whose text is meant for the operator. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** `code` of a Node system error (`ENOSPC`, `EADDRINUSE` …), else undefined. */
export function systemCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
