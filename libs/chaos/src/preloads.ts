/**
 * Faults inside a process that knows nothing of them: each function gives one option for the NODE_OPTIONS of a process that is about to start.
 * Their windows count from the call.
 */
import type { Window } from './window.ts';

function preload(file: string, { startMs, endMs }: Window, settings: Readonly<Record<string, number>>): string {
  const url = new URL(file, import.meta.url);
  const now = Date.now();
  for (const [name, value] of Object.entries({ ...settings, fromMs: now + startMs, toMs: now + endMs }))
    url.searchParams.set(name, String(value));
  return `--import=${url.href}`;
}

/** C14 clock_skew: Date and performance.timeOrigin are `offsetMs` off within the window; timers and performance.now() are not. */
export const clockSkew = (offsetMs: number, window: Window): string => preload('./preload-clock.ts', window, { offsetMs });

/** C14 memory_pressure: so many MiB of live objects on the heap within the window. Beside it `--max-old-space-size` makes the heap small. */
export const memoryPressure = (mib: number, window: Window): string => preload('./preload-memory.ts', window, { mib });
