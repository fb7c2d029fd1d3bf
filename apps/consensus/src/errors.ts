/** Errors that end this process, each with its exit code; what callers see comes from protocol's list of rejections. */
import { BursarError, coreError, EXIT, rejection } from '@bursar/shared-core';

/** The operator's configuration and the network do not fit. */
export const wrongKey = (validator: number, expected: string, found: string): BursarError =>
  coreError('Configuration', `crypto-signing holds key ${found}, but validator ${validator} of the genesis has ${expected}`, {
    remedy: 'Give this cell the keystore of its validator, or correct the setting `validator`.',
    exitCode: EXIT.config,
  });
export const noSuchValidator = (validator: number, count: number): BursarError =>
  coreError('Configuration', `validator ${validator} is not in the genesis, which has ${count}`, {
    remedy: `Set \`validator\` to 0 … ${count - 1}.`,
    exitCode: EXIT.config,
  });
export const wrongSet = (): BursarError =>
  rejection('GenesisMismatch', 'validator-set answers another set than the genesis has', { exitCode: EXIT.config });
export const wrongStorage = (why: string): BursarError =>
  rejection('GenesisMismatch', `storage does not hold this chain: ${why}`, { exitCode: EXIT.config });
/** Storage lost what it had answered for: only a start from its status can go on. */
export const storageWentBack = (cause: unknown): BursarError =>
  rejection('DependencyUnavailable', 'storage is behind what it had before', {
    remedy: 'Start this process again: it begins at what storage holds and catches up from the peers.',
    exitCode: EXIT.dependency,
    cause,
  });

/** A violated safety rule: exit 70, and nobody restarts it blindly. */
export const safety = (error: BursarError): BursarError =>
  new BursarError({
    code: error.code,
    reason: error.reason,
    message: error.message,
    remedy: error.remedy,
    severity: 'critical',
    exitCode: EXIT.safety,
    cause: error,
  });
