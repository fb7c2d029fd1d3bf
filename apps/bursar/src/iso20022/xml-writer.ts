/** XML of ISO 20022 messages: elements, text and attributes, nothing else. */
import { visible } from '../visible.ts';

/** Name, text or children in order (what is undefined is left out), attributes. */
export type XmlNode = readonly [
  name: string,
  content: string | readonly (XmlNode | undefined)[],
  attributes?: Readonly<Record<string, string>>,
];

/** A document with its namespace, a line for each element. */
export function* xmlDocument(namespace: string, content: readonly (XmlNode | undefined)[]): Generator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield* element(['Document', content, { xmlns: namespace }], '');
}

function* element([name, content, attributes = {}]: XmlNode, indent: string): Generator<string> {
  const start = Object.entries(attributes).reduce((tag, [key, value]) => `${tag} ${key}="${escaped(value)}"`, `${indent}<${name}`);
  if (typeof content === 'string') yield `${start}>${escaped(content)}</${name}>\n`;
  else {
    yield `${start}>\n`;
    for (const child of content) if (child) yield* element(child, `${indent}  `);
    yield `${indent}</${name}>\n`;
  }
}

/** What XML 1.0 cannot hold: it is shown as `\u{1}`. */
const NO_XML = /[[\p{Cc}\ufffe\uffff]--[\t\n]]/gv;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\t': '&#9;', '\n': '&#10;' };
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(NO_XML, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"\t\n]/g, (c) => ESCAPES[c] ?? c);

/** Pieces of at most `most` characters; none of an empty text. */
export const pieces = (text: string, most: number): string[] => {
  const characters = [...visible(text)];
  return Array.from({ length: Math.ceil(characters.length / most) }, (_, i) => characters.slice(i * most, (i + 1) * most).join(''));
};

/** `2026-12-24T08:00:00.000Z`. */
export const xmlInstant = (ms: number): string => new Date(ms).toISOString();
