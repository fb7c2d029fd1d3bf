/** A rejection as it travels in replies and events. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { findRejection, type Severity } from '@bursar/protocol';
import { rejection } from '@bursar/protocol/rpc';
import type { BursarError } from '@bursar/shared-core';

const SEVERITY: Readonly<Record<Severity, rejection.Severity>> = {
  low: rejection.Severity.LOW,
  medium: rejection.Severity.MEDIUM,
  high: rejection.Severity.HIGH,
  critical: rejection.Severity.CRITICAL,
};
type Init = MessageInitShape<typeof rejection.RejectionSchema>;

/** By code; a code that this version does not know keeps its number. */
export function rejectionMessage(code: number): Init {
  const known = findRejection(code);
  if (!known)
    return {
      code,
      name: 'Unknown',
      severity: rejection.Severity.MEDIUM,
      reason: `rejection ${code}`,
      correctiveAction: 'See docs/errors.md.',
    };
  return { code, name: known.name, severity: SEVERITY[known.severity], reason: known.reason, correctiveAction: known.remedy };
}

export function errorMessage(error: BursarError): Init {
  const name = findRejection(error.code)?.name ?? error.reason;
  const why = error.details['why'];
  const reason = why ? `${error.message} (${why})` : error.message;
  return { code: error.code, name, severity: SEVERITY[error.severity], reason, correctiveAction: error.remedy };
}
