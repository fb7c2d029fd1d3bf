/** When a fault is active (C16), and what happens at its edges. */

/** Milliseconds since the fault was set; the end is not included. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

export const isActive = (window: Window | undefined, sinceMs: number): boolean =>
  window === undefined || (sinceMs >= window.startMs && sinceMs < window.endMs);

/** A fault that is under way. */
export interface Running {
  /** Resolves when the window is over, or after `stop`. */
  readonly ended: Promise<void>;
  /** Ends it before its time. */
  stop(): void;
}

/** Calls `begin` and `end` at the edges of the window; `end` once and only if it began, also after `stop`. */
export function during({ startMs, endMs }: Window, begin: () => void, end: () => void): Running {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let began = false;
  const starting = setTimeout(() => {
    began = true;
    begin();
  }, startMs);
  const finish = () => {
    clearTimeout(starting);
    clearTimeout(ending);
    if (began) end();
    began = false;
    resolve();
  };
  const ending = setTimeout(finish, endMs);
  return { ended, stop: finish };
}
