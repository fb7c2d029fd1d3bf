/** A server that cannot listen says which port and why. */
import { type BursarError, coreError, messageOf, systemCode } from './errors.ts';
import { EXIT } from './exit-codes.ts';

export function portError(what: string, host: string, port: number, error: unknown): BursarError {
  const taken = systemCode(error) === 'EADDRINUSE' || messageOf(error).includes('EADDRINUSE');
  const why = taken ? 'is already in use' : `cannot be opened: ${messageOf(error)}`;
  return coreError('PortTaken', `port ${port} on ${host} for the ${what} server ${why}`, {
    details: { host, port: String(port) },
    exitCode: EXIT.dependency,
    cause: error,
  });
}
