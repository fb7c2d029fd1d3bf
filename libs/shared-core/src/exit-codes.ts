/** Exit codes of every Bursar process (docs/operations.md; 64, 69, 70 and 78 are those of sysexits.h). */
export const EXIT = { ok: 0, fatal: 1, usage: 64, dependency: 69, safety: 70, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
