/** BursarError ⇄ gRPC status with google.rpc details in the `grpc-status-details-bin` trailer. */

import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { errorDetails, rpcStatus } from '@bursar/protocol/rpc';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { BursarError, coreError, type ErrorExtras, errorFrom, messageOf, rejection, type Severity } from '../errors.ts';
import { statusOf } from './status-code.ts';

export const ERROR_DOMAIN = 'bursar';
const TRAILER = 'grpc-status-details-bin';
// Peers cap all headers together (8 KiB is common): details stay well below.
const MAX_TEXT = 512;
const MAX_VIOLATIONS = 16;
const MAX_DETAILS = 16;
const MAX_DETAIL_TEXT = 128;
const MAX_TRAILER_BYTES = 6_144;

/** What a server answers. A stranger becomes INTERNAL "internal error" with nothing of its text. */
export function toStatus(thrown: unknown): ServiceError {
  const { code, message, bytes } = sized(errorFrom(thrown));
  const metadata = new Metadata();
  metadata.set(TRAILER, Buffer.from(bytes));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The same where one call of several on a stream is refused. */
export const toStatusMessage = (thrown: unknown): rpcStatus.Status => sized(errorFrom(thrown)).said;

function sized(error: BursarError): { code: status; message: string; said: rpcStatus.Status; bytes: Uint8Array } {
  const code = statusOf(error.code);
  const message = clip(error.message, MAX_TEXT);
  for (let violations = MAX_VIOLATIONS; ; violations = violations >> 1) {
    const said = create(rpcStatus.StatusSchema, { code, message, details: details(error, violations) });
    const bytes = toBinary(rpcStatus.StatusSchema, said);
    if (bytes.byteLength <= MAX_TRAILER_BYTES || violations === 0) return { code, message, said, bytes };
  }
}

function details(error: BursarError, violations: number): Any[] {
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(error.details).slice(0, MAX_DETAILS))
    metadata[clip(key, 64)] = clip(String(value), MAX_DETAIL_TEXT);
  metadata['code'] = String(error.code);
  metadata['severity'] = error.severity;
  const all = [
    pack(errorDetails.ErrorInfoSchema, { reason: error.reason, domain: ERROR_DOMAIN, metadata }),
    pack(errorDetails.LocalizedMessageSchema, { locale: 'en', message: clip(error.remedy, MAX_TEXT) }),
  ];
  if (error.retryAfterMs !== undefined) all.push(pack(errorDetails.RetryInfoSchema, { retryDelay: duration(error.retryAfterMs) }));
  const shown = error.violations.slice(0, violations).map((v) => ({ field: clip(v.field, 128), description: clip(v.description, 128) }));
  if (shown.length > 0) all.push(pack(errorDetails.BadRequestSchema, { fieldViolations: shown }));
  return all;
}

/** What a client throws: the server's BursarError again, or the nearest one when another kind of server answered. */
export function fromStatus(thrown: unknown): BursarError {
  if (thrown instanceof BursarError) return thrown;
  const error = thrown as Partial<ServiceError>;
  if (typeof error?.code !== 'number') return errorFrom(thrown);
  const raw = error.metadata?.get(TRAILER)[0];
  return said(error.code, error.details || messageOf(thrown), raw instanceof Uint8Array ? unpackAll(raw) : [], thrown);
}

/** What the caller of one call on a stream throws. */
export const fromStatusMessage = ({ code, message, details }: rpcStatus.Status): BursarError => said(code, message, details, undefined);

function said(code: number, message: string, all: readonly Any[], thrown: unknown): BursarError {
  const grpc = status[code] ?? String(code);
  const info = find(all, errorDetails.ErrorInfoSchema);
  const ours = Number(info?.metadata['code'] ?? Number.NaN);
  // Without a whole number as its code it is no error of ours, whatever it says of itself.
  if (!info || info.domain !== ERROR_DOMAIN || !Number.isSafeInteger(ours))
    return foreign(code, message, { details: { grpc }, cause: thrown });
  const { code: _, severity, ...rest } = info.metadata;
  const retry = find(all, errorDetails.RetryInfoSchema)?.retryDelay;
  return new BursarError({
    code: ours,
    reason: info.reason,
    message,
    remedy: find(all, errorDetails.LocalizedMessageSchema)?.message ?? '',
    severity: SEVERITIES.find((s) => s === severity) ?? 'medium',
    details: { ...rest, grpc },
    ...(retry ? { retryAfterMs: Number(retry.seconds) * 1_000 + Math.ceil(retry.nanos / 1e6) } : {}),
    violations: find(all, errorDetails.BadRequestSchema)?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
    cause: thrown,
  });
}

function foreign(code: status, message: string, extras: ErrorExtras): BursarError {
  switch (code) {
    case status.UNAVAILABLE:
      return rejection('PeerUnreachable', message, extras);
    case status.DEADLINE_EXCEEDED:
      return rejection('ProcessingTimeout', message, extras);
    case status.RESOURCE_EXHAUSTED:
      return rejection('InsufficientResources', message, { ...extras, remedy: 'Send a smaller message, or wait and send it again.' });
    case status.INVALID_ARGUMENT:
      return rejection('MalformedMessage', message, extras);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return rejection('Unauthenticated', message, extras);
    case status.NOT_FOUND:
      return rejection('NotFound', message, extras);
    case status.CANCELLED:
      return coreError('Cancelled', message, extras);
    case status.UNIMPLEMENTED:
      return coreError('Unimplemented', message, extras);
    default:
      return coreError('Internal', message, extras);
  }
}

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];
const clip = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);
const duration = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1_000)), nanos: Math.round(ms % 1_000) * 1_000_000 });
const pack = <D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any => anyPack(schema, create(schema, init));

function unpackAll(raw: Uint8Array): Any[] {
  try {
    return fromBinary(rpcStatus.StatusSchema, raw).details;
  } catch {
    return [];
  }
}

function find<D extends DescMessage>(all: readonly Any[], schema: D): MessageShape<D> | undefined {
  for (const one of all) {
    try {
      const message = anyUnpack(one, schema);
      if (message) return message as MessageShape<D>;
    } catch {
      // a detail that does not parse is as good as none
    }
  }
  return undefined;
}
