/** Texts of people and of other programs: accounts, amounts, dates, trace context, errors in headers. */
import { trace } from '@opentelemetry/api';
import { parseNotBefore } from '../../../apps/bursar/src/csv/not-before.ts';
import { senderOf, subjects } from '../../../apps/consensus/src/core/subjects.ts';
import { formatAccount, formatAmount, isHex32, MAX_AMOUNT, parseAccount, parseAmount } from '../../../libs/protocol/src/index.ts';
import { BursarError, contextFrom, startSpan, traceparentOf } from '../../../libs/shared-core/src/index.ts';
import { checkAnswer, errorHeaders } from '../../../libs/shared-core/src/messaging/delivery.ts';
import * as s from '../samples.ts';
import { bytesOf, must, refusedBy, type Target, textOf, tokensOf } from '../target.ts';

const account: Target = {
  name: 'account text',
  corpus: [s.treasury, s.hex(7)].flatMap((id) => [formatAccount(id), formatAccount(id).toUpperCase()]).map(bytesOf),
  tokens: tokensOf('bur1', '1', 'BUR1', 'q', 'b', ' ', '0'),
  maxBytes: 256,
  share: 4,
  open: () => (bytes) => {
    const text = textOf(bytes);
    const id = parseAccount(text);
    if (id === undefined) return false;
    must(isHex32(id), 'an account is 32 bytes');
    must(formatAccount(id) === text.toLowerCase(), 'an account has one spelling, in one case');
    return true;
  },
};

const amount: Target = {
  name: 'amount text',
  corpus: ['0', '1250.50', '18446744073709551615', '0.000000000000000001'].map(bytesOf),
  tokens: tokensOf('.', '0', '-', '+', 'e', ',', ' ', '٣', '00'),
  maxBytes: 64,
  share: 2,
  open: () => (bytes) => {
    const text = textOf(bytes);
    let taken = false;
    for (const exponent of [0, 2, 18]) {
      const units = parseAmount(text, exponent);
      if (units === undefined) continue;
      taken = true;
      must(units >= 0n && units <= MAX_AMOUNT, 'an amount is a u64');
      must(parseAmount(formatAmount(units, exponent).replaceAll(',', ''), exponent) === units, 'what is shown reads as what it is');
    }
    return taken;
  },
};

const notBefore: Target = {
  name: 'not_before text',
  corpus: ['', '+8s', '+3d', '2026-12-24T08:00:00Z', '2026-12-24T08:00:00+02:00'].map(bytesOf),
  tokens: tokensOf('+', 's', 'm', 'h', 'd', '-', ':', 'T', 'Z', '99', '+9999999999999999999s'),
  maxBytes: 64,
  share: 2,
  open: () => (bytes) => {
    const at = parseNotBefore(textOf(bytes), s.START_MS);
    if (at === undefined) return false;
    must(Number.isSafeInteger(at) && at >= 0, 'a time is a uint');
    return true;
  },
};

const [PARENT, STATE] = ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'];
const traceparent: Target = {
  name: 'traceparent',
  corpus: [PARENT, `${PARENT}\n${STATE}`, `cc-${PARENT.slice(3)}-more`].map(bytesOf),
  tokens: tokensOf('00-', 'ff-', '-', '-00', '0000000000000000', '\n', ',', '=', ';'),
  maxBytes: 1_024,
  share: 3,
  open: () => (bytes) => {
    const [parent, ...state] = textOf(bytes).split('\n');
    const found = trace.getSpanContext(contextFrom(parent, state.join('\n')));
    startSpan('fuzz', { links: [parent ?? '', ...state] }).end();
    if (found === undefined) return false;
    const shown = traceparentOf(trace.wrapSpanContext(found));
    must(shown !== undefined && /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(shown), 'a context that was taken can be sent on');
    must(shown.slice(3, 52) === parent?.slice(3, 52), 'it is the one that came');
    return true;
  },
};

const header = Object.keys(errorHeaders(new Error()))[0] as string;
const errorHeader: Target = {
  name: 'error header',
  corpus: [new Error('x'), new BursarError({ code: 5001, reason: 'QUEUE_FULL', message: 'full', remedy: 'wait', retryAfterMs: 5 })].map(
    (e) => bytesOf(errorHeaders(e)[header] as string),
  ),
  tokens: tokensOf('%22', '%7B', '%7D', '%', 'null', '%5B', '%3A', '1e999', 'NaN'),
  maxBytes: 4_096,
  share: 2,
  open: () => (bytes) => {
    const text = textOf(bytes);
    const answer = { subject: 'a.b', data: new Uint8Array(), headers: { [header]: text } };
    const error = thrownBy(() => checkAnswer(answer as never));
    must(error instanceof BursarError, 'an error of a responder comes as one of ours');
    must(Number.isSafeInteger(error.code), 'an error has a code');
    // It can be sent on, and says the same there.
    errorHeaders(error);
    return error.reason !== 'INTERNAL';
  },
};
function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (e) {
    return e;
  }
  return undefined;
}

const subject: Target = {
  name: 'subject',
  corpus: [subjects(s.chain).vote(3), subjects(s.chain).batch('*'), subjects(s.chain).fetch(0, 1)].map(bytesOf),
  tokens: tokensOf('.', '*', '>', '-1', '1e3', '0x1', ' ', '9007199254740993'),
  maxBytes: 256,
  share: 1,
  open: () => (bytes) => {
    const sender = refusedBy(() => senderOf(textOf(bytes)));
    must(sender === undefined || (Number.isSafeInteger(sender) && sender >= 0), 'a sender is an index');
    return sender !== undefined;
  },
};

export const texts: readonly Target[] = [account, amount, notBefore, traceparent, errorHeader, subject];
