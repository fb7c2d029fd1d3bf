/** One life for every service: start, run, and on SIGTERM unready → drain → consumers → gRPC → flush → exit 0. */
import { BursarError, coreError, errorFrom, messageOf } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Health } from './health.ts';
import { processIdentity } from './log/process-identity.ts';
import type { Logger } from './logger.ts';

/** Order of a graceful stop. `unready` is filled by runService itself. */
export const STOP_STAGES = ['unready', 'drain', 'consumers', 'grpc', 'flush'] as const;
export type StopStage = (typeof STOP_STAGES)[number];

export interface ServiceContext {
  /** Aborted when the stop begins: loops and retries of the service end by it. */
  readonly signal: AbortSignal;
  /** Adds a step to a stage. Steps of a stage run one after the other, the last added first. Default deadline 5 s. */
  onStop(stage: Exclude<StopStage, 'unready'>, name: string, step: () => unknown, deadlineMs?: number): void;
  /** Begins a graceful stop from inside. */
  stop(reason: string): void;
  /** Something broke that the process must not survive: logs it and exits at once with the error's exit code (1, or 70 for safety). */
  fatal(error: unknown): never;
}
export interface ServiceOptions {
  readonly name: string;
  readonly log: Logger;
  readonly health: Health;
  /** Longest a whole stop may take; default 20 s. */
  readonly shutdownMs?: number | undefined;
  /** Stop when this process is gone, so that nothing stays behind a crashed local network. */
  readonly parentPid?: number | undefined;
  /** Opens everything; what it throws ends the process with the error's exit code. */
  readonly start: (context: ServiceContext) => Promise<void>;
}
interface Step {
  readonly name: string;
  readonly step: () => unknown;
  readonly deadlineMs: number;
}

const PARENT_POLL_MS = 500;
const STEP_MS = 5_000;

/** Runs until a signal, `stop`, the parent's end or an error; then exits the process. Resolves when the service has started. */
export async function runService(options: ServiceOptions): Promise<void> {
  const { name, log, health, shutdownMs = 20_000, parentPid, start } = options;
  const abort = new AbortController();
  const steps = new Map<StopStage, Step[]>(STOP_STAGES.map((stage) => [stage, []]));
  let stopping = false;

  const exitNow = (error: unknown, message: string): never => {
    const code = exitCodeOf(error);
    log.fatal({ err: error, exitCode: code }, message);
    process.exit(code);
  };
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, `${name} stops`);
    const total = setTimeout(
      () => exitNow(coreError('Internal', `the stop took longer than ${shutdownMs} ms`), `${name} did not stop in time`),
      shutdownMs,
    );
    health.setReady('running', false, 'the service is stopping');
    abort.abort(new Error(`${name} is stopping`));
    let code: ExitCode = EXIT.ok;
    for (const stage of STOP_STAGES) for (const step of steps.get(stage)?.reverse() ?? []) code = (await runStep(stage, step, log)) ?? code;
    clearTimeout(total);
    log.info({ exitCode: code }, `${name} stopped`);
    process.exit(code);
  };
  const context: ServiceContext = {
    signal: abort.signal,
    onStop: (stage, stepName, step, deadlineMs = STEP_MS) => void steps.get(stage)?.push({ name: stepName, step, deadlineMs }),
    stop: (reason) => void stop(reason),
    fatal: (error) => exitNow(error, `${name} must stop: ${messageOf(error)}`),
  };

  process.on('uncaughtException', (error) => exitNow(error, `${name}: an error that nobody caught`));
  process.on('unhandledRejection', (error) => exitNow(error, `${name}: a rejection that nobody handled`));
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(EXIT.fatal); // asked twice: somebody is in a hurry
      void stop(signal);
    });
  if (parentPid !== undefined) watchParent(parentPid, () => void stop(`the parent process ${parentPid} is gone`));

  health.setReady('running', false, 'the service is starting');
  try {
    await start(context);
  } catch (error) {
    if (!stopping) exitNow(error, `${name} could not start: ${messageOf(error)}`);
  }
  if (stopping) return;
  health.setReady('running', true);
  log.info({}, `${name} runs`);
}

/** Exit code for an error: its own, or 1. */
export const exitCodeOf = (error: unknown): ExitCode => (error instanceof BursarError ? error.exitCode : errorFrom(error).exitCode);

/**
 * A failing or endless step is logged and left behind: the later stages still run.
 * @returns the exit code of a disk that failed while the last records were written: a stop that lost them did not end well
 */
async function runStep(stage: StopStage, { name, step, deadlineMs }: Step, log: Logger): Promise<ExitCode | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([(async () => step())(), late]);
    return undefined;
  } catch (error) {
    log.error({ err: error, stage, step: name }, 'a step of the stop failed');
    const code = exitCodeOf(error);
    return code === EXIT.fatal ? undefined : code;
  } finally {
    clearTimeout(timer);
  }
}

function watchParent(pid: number, onGone: () => void): void {
  const identity = processIdentity(pid);
  const timer = setInterval(() => {
    const now = processIdentity(pid);
    if (now !== undefined && now === identity) return;
    clearInterval(timer);
    onGone();
  }, PARENT_POLL_MS);
  timer.unref();
}
