/** Health levels (C11) and readiness as a set of named conditions. The clock is given: nothing here reads time. */

export const HEALTH_LEVELS = ['Healthy', 'Degraded', 'Critical', 'Failed'] as const;
export type HealthLevel = (typeof HEALTH_LEVELS)[number];

export interface HealthReport {
  readonly level: HealthLevel;
  /** Unix ms when this level began. */
  readonly sinceMs: number;
  /** Why, as the worst source said it; empty when Healthy. */
  readonly reason: string;
  readonly uptimeMs: number;
}
export interface FailingCondition {
  readonly name: string;
  readonly reason: string;
  readonly sinceMs: number;
}
export interface Health {
  /** One source's verdict; the report shows the worst of all sources. At most 64 sources. */
  assess(source: string, level: HealthLevel, reason?: string): void;
  report(): HealthReport;
  /** Declares or changes a readiness condition; ready means that every declared one holds. At most 64 conditions. */
  setReady(name: string, ready: boolean, reason?: string): void;
  readonly ready: boolean;
  failing(): readonly FailingCondition[];
  /** Called after each change of level or readiness. Returns the way to unsubscribe. */
  onChange(listener: (health: Health) => void): () => void;
}

const MAX_NAMES = 64;

export function createHealth(nowMs: () => number): Health {
  const startedMs = nowMs();
  const sources = new Map<string, { level: HealthLevel; reason: string }>();
  const unready = new Map<string, FailingCondition>();
  const conditions = new Set<string>();
  const listeners = new Set<(health: Health) => void>();
  let current = { level: 'Healthy' as HealthLevel, sinceMs: startedMs, reason: '' };

  const worst = () => {
    let found: { level: HealthLevel; reason: string } = { level: 'Healthy', reason: '' };
    for (const one of sources.values()) if (HEALTH_LEVELS.indexOf(one.level) > HEALTH_LEVELS.indexOf(found.level)) found = one;
    return found;
  };
  const bounded = (size: number, known: boolean) => {
    if (!known && size >= MAX_NAMES) throw new Error(`more than ${MAX_NAMES} health names`);
  };
  const health: Health = {
    assess(source, level, reason = '') {
      bounded(sources.size, sources.has(source));
      sources.set(source, { level, reason });
      const now = worst();
      const changed = now.level !== current.level;
      current = { ...now, sinceMs: changed ? nowMs() : current.sinceMs };
      if (changed) notify();
    },
    report: () => ({ ...current, uptimeMs: nowMs() - startedMs }),
    setReady(name, ready, reason = 'not yet') {
      bounded(conditions.size, conditions.has(name));
      conditions.add(name);
      const before = unready.size === 0;
      if (ready) unready.delete(name);
      else unready.set(name, { name, reason, sinceMs: unready.get(name)?.sinceMs ?? nowMs() });
      if (before !== (unready.size === 0)) notify();
    },
    get ready() {
      return unready.size === 0;
    },
    failing: () => [...unready.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  function notify(): void {
    for (const listener of listeners) listener(health);
  }
  return health;
}
