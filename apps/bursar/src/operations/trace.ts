/** One trace for what one command does (A5); exported when OTEL_EXPORTER_OTLP_ENDPOINT says where to. */
import { activeTraceId, startTelemetry, withSpan } from '@bursar/shared-core';

/** Telemetry for the length of `fn`. */
export async function withTelemetry<T>(fn: () => Promise<T>): Promise<T> {
  const telemetry = await startTelemetry({ service: 'bursar', instance: 'cli' });
  try {
    return await fn();
  } finally {
    await telemetry.stop();
  }
}

/** Runs `fn` under a span of its own; within telemetry that runs. */
export const withTrace = <T>(name: string, fn: (traceId: string) => Promise<T>): Promise<T> =>
  withSpan(`bursar ${name}`, {}, () => fn(activeTraceId() ?? ''));

/** A command that is one trace. */
export const traced = <T>(name: string, fn: (traceId: string) => Promise<T>): Promise<T> => withTelemetry(() => withTrace(name, fn));
