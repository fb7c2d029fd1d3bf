/** JSON lines on stdout with trace and span ids (C9, O2). Input cannot forge a line: everything is one JSON value. */
import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger as Pino, pino } from 'pino';
import type { EventType } from './event-type.ts';
import { logFields } from './log-fields.ts';

export type LogFields = Readonly<Record<string, unknown>>;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Write = { (message: string): void; (fields: LogFields, message: string): void };

export interface Logger {
  readonly trace: Write;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** One of C9's events; level info unless given. */
  event(type: EventType, fields: LogFields, message: string, level?: Exclude<LogLevel, 'silent'>): void;
  child(fields: LogFields): Logger;
  /** False when a debug line would be thrown away: guards costly fields. */
  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean;
}

export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level?: LogLevel;
  /** Where lines go; default stdout, written synchronously so that a crash loses none. */
  readonly destination?: DestinationStream;
}

/** Names that the logger itself fills: a caller's field of that name moves to `field_NAME`. */
const OWN = new Set(['time', 'level', 'event', 'msg', 'service', 'instance', 'trace_id', 'span_id']);

export function createLogger({ service, instance, level = 'info', destination }: LoggerOptions): Logger {
  const root = pino(
    {
      level,
      base: { service, instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {},
      mixin() {
        const span = trace.getActiveSpan()?.spanContext();
        return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
      },
    },
    destination ?? stdout(),
  );
  return wrap(root);
}

/** Whoever cannot be told about it must not die of it: lines are dropped while stdout takes none (a full disk, a reader that is gone). */
function stdout(): DestinationStream {
  const lines = pino.destination({ fd: 1, sync: true, maxLength: WAITING_BYTES });
  lines.on('error', () => {});
  lines.flushSync = () => {}; // each line was tried when it came; its own, called at a fatal line and at exit, tries for ever where the disk is full
  return lines;
}
const WAITING_BYTES = 1024 * 1024;

function wrap(target: Pino): Logger {
  const write =
    (level: Exclude<LogLevel, 'silent'>): Write =>
    (first: LogFields | string, message?: string) => {
      if (!target.isLevelEnabled(level)) return;
      if (typeof first === 'string') target[level](clipMessage(first));
      else target[level](safe(first), clipMessage(message ?? ''));
    };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    event(event, fields, message, level = 'info') {
      if (target.isLevelEnabled(level)) target[level]({ event, ...safe(fields) }, clipMessage(message));
    },
    child: (fields) => wrap(target.child(safe(fields))),
    isEnabled: (level) => target.isLevelEnabled(level),
  };
}

const clipMessage = (message: string): string => (message.length > 2_048 ? `${message.slice(0, 2_048)}…` : message);

function safe(fields: LogFields): Record<string, unknown> {
  const copy = logFields(fields);
  for (const key of Object.keys(copy)) {
    if (!OWN.has(key)) continue;
    copy[`field_${key}`] = copy[key];
    delete copy[key];
  }
  return copy;
}
