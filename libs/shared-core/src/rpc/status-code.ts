/** Which gRPC status a rejection travels as. The only place that knows. */
import { status } from '@grpc/grpc-js';

const BY_CODE: Readonly<Record<number, status>> = {
  1001: status.INVALID_ARGUMENT,
  1002: status.PERMISSION_DENIED,
  1003: status.DEADLINE_EXCEEDED,
  1004: status.INVALID_ARGUMENT,
  2002: status.ALREADY_EXISTS,
  2004: status.OUT_OF_RANGE,
  4003: status.ABORTED,
  5001: status.RESOURCE_EXHAUSTED,
  5002: status.RESOURCE_EXHAUSTED,
  5003: status.DEADLINE_EXCEEDED,
  5004: status.RESOURCE_EXHAUSTED,
  7001: status.NOT_FOUND,
  7003: status.ALREADY_EXISTS,
  7005: status.INVALID_ARGUMENT,
  7006: status.INVALID_ARGUMENT,
  7007: status.PERMISSION_DENIED,
  7008: status.NOT_FOUND,
  7101: status.NOT_FOUND,
  7102: status.ALREADY_EXISTS,
  7104: status.INVALID_ARGUMENT,
  7106: status.ALREADY_EXISTS,
  7107: status.ALREADY_EXISTS,
  7120: status.NOT_FOUND,
  7121: status.INVALID_ARGUMENT,
  7123: status.ALREADY_EXISTS,
  7124: status.RESOURCE_EXHAUSTED,
  7125: status.ALREADY_EXISTS,
  7202: status.ABORTED,
  7203: status.ALREADY_EXISTS,
  7207: status.NOT_FOUND,
  8001: status.INVALID_ARGUMENT,
  8002: status.INVALID_ARGUMENT,
  8003: status.INVALID_ARGUMENT,
  8101: status.DATA_LOSS,
  8201: status.NOT_FOUND,
  8202: status.NOT_FOUND,
  8203: status.UNAUTHENTICATED,
  8205: status.UNAVAILABLE,
  8303: status.DATA_LOSS,
  9000: status.INTERNAL,
  9001: status.CANCELLED,
  9002: status.UNIMPLEMENTED,
  9013: status.RESOURCE_EXHAUSTED,
  9014: status.UNAVAILABLE,
  9015: status.DATA_LOSS,
};

/** By code; else 6xxx is unavailable and everything below 9000 a precondition that does not hold. */
export function statusOf(code: number): status {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  if (code >= 6000 && code < 7000) return status.UNAVAILABLE;
  return code < 9000 ? status.FAILED_PRECONDITION : status.INTERNAL;
}
