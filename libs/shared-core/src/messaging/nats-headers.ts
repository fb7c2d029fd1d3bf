/** Headers as plain records and as the `nats` client wants them. */
import { type MsgHdrs, headers as natsHeaders } from 'nats';
import type { BusHeaders } from './bus.ts';

export function toHeaders(headers: BusHeaders): MsgHdrs {
  const all = natsHeaders();
  for (const [key, value] of Object.entries(headers)) all.set(key, value);
  return all;
}

/** First value of each. */
export function headersOf(headers: MsgHdrs | undefined): Record<string, string> {
  const all: Record<string, string> = {};
  if (headers) for (const [key, values] of headers) all[key] = values[0] ?? '';
  return all;
}
