/** The memo of a payment: what it is for, then what else the file says of it that moves no money. */
import { createHash } from 'node:crypto';
import { limits } from '@bursar/protocol';
import type { XmlElement } from './xml-reader.ts';

const BETWEEN = ' | ';
/** ` | +2000 sha256:` and 64 digits. */
const TAIL_BYTES = 88;
const bytesOf = (text: string): number => Buffer.byteLength(text);

/** Line ends, with the blanks around them, are single spaces. */
export const oneLine = (text: string): string =>
  text
    .split(/[\t\n\r]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');

/** `Purp/Cd=SALA` for each element with a text and each attribute, in the order of the file; empty elements say nothing. */
export function* leaves(element: XmlElement, under = ''): Generator<string> {
  const path = `${under}${element.name}`;
  for (const [name, value] of element.attributes) yield `${path}@${name}=${oneLine(value)}`;
  const text = oneLine(element.text);
  if (text !== '') yield `${path}=${text}`;
  for (const child of element.children) yield* leaves(child, `${path}/`);
}

/**
 * At most 1,024 bytes. The text for the payee is never cut. Of the rest whole items in order, as many as fit; when some do not, the memo
 * ends with how many and the SHA-256 over them, joined by line feeds: the file proves later what they were.
 * @returns undefined when the text alone, or with that ending, is too long
 */
export function memoOf(text: string, others: readonly string[]): string | undefined {
  const all = [...(text === '' ? [] : [text]), ...others];
  const whole = all.join(BETWEEN);
  if (bytesOf(whole) <= limits.memo) return whole;
  let memo = text;
  let taken = 0;
  for (const other of others) {
    const longer = memo === '' ? other : memo + BETWEEN + other;
    if (bytesOf(longer) > limits.memo - TAIL_BYTES) break;
    memo = longer;
    taken += 1;
  }
  const left = others.slice(taken);
  const hash = createHash('sha256').update(left.join('\n')).digest('hex');
  const cut = `${memo}${memo === '' ? '' : BETWEEN}+${left.length} sha256:${hash}`;
  return left.length > 0 && bytesOf(cut) <= limits.memo ? cut : undefined;
}
