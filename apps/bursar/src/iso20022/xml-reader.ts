/**
 * XML as payment files need it, on saxes: strict and in one pass, no DOCTYPE, no entities but the five of XML, UTF-8 alone. Elements are
 * handed over one by one with the line that they begin on, so that a long file never stands in memory as a tree.
 */
import { isUtf8 } from 'node:buffer';
import { SaxesParser } from 'saxes';

export interface XmlElement {
  /** Without prefix. */
  readonly name: string;
  /** Line of the file where it begins, from 1. */
  readonly line: number;
  /** Of an element without children: its text as it stands there; else empty. */
  text: string;
  /** Without declarations of namespaces and what belongs to xsi. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
}

export interface XmlVisitor {
  /** Whether the children of the element at this path of names from the root come one by one, between `open` and `close`; else it comes as a whole. */
  isOpen(path: readonly string[]): boolean;
  open(path: readonly string[], line: number): void;
  element(element: XmlElement, parent: readonly string[]): void;
  close(path: readonly string[]): void;
}

/** Why the file as a whole is not read. */
export class XmlRefused extends Error {
  readonly line: number;
  readonly remedy: string;
  constructor(line: number, message: string, remedy: string) {
    super(message);
    this.line = line;
    this.remedy = remedy;
  }
}

const MAX_DEPTH = 32;
/** Of one element that comes as a whole. */
const MAX_ELEMENTS = 2_000;
const MAX_TEXT = 65_536;
const MAX_ATTRIBUTES = 16;
const CHUNK = 65_536;
const CONTROL = /[\p{Cc}--[\t\n\r]]/v;
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const PLAIN = 'Write plain XML: elements, text, and nothing that has to be expanded.';

interface Level {
  readonly element: XmlElement;
  readonly isOpen: boolean;
  /** Where its text begins, once there is more than blanks. */
  textLine?: number;
}

/**
 * Reads a document whose elements are all of `namespace(uri of the root)`, but for what stands below `anyBelow`.
 * @throws XmlRefused, and whatever the visitor or `namespace` throws
 */
export function readXml(bytes: Uint8Array, visitor: XmlVisitor, namespace: (uri: string, line: number) => void, anyBelow: string): void {
  checkUtf8(bytes);
  const parser = new SaxesParser({ xmlns: true, position: true });
  const levels: Level[] = [];
  const path: string[] = [];
  let [startLine, elements, textLength, own] = [1, 0, 0, ''];
  const refuse = (message: string, remedy: string, line = parser.line): never => {
    throw new XmlRefused(line, message, remedy);
  };

  parser.on('error', (e) =>
    refuse(`is no well-formed XML: ${e.message.replace(/^\d+:\d+: /, '')}`, 'Correct the XML, or export the file again.'),
  );
  parser.on('xmldecl', ({ encoding, version }) => {
    if (version !== '1.0') refuse(`is XML ${version}`, 'Write XML 1.0.');
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding))
      refuse(`says that its encoding is ${encoding}`, 'Save the file as UTF-8.');
  });
  parser.on('doctype', () => refuse('has a DOCTYPE', PLAIN));
  parser.on('opentagstart', () => {
    startLine = parser.column === 0 ? parser.line - 1 : parser.line; // what ends the name may be the end of the line
  });
  parser.on('opentag', (tag) => {
    if (levels.length === 0) {
      own = tag.uri;
      namespace(own, startLine);
    } else if (tag.uri !== own && !path.includes(anyBelow))
      refuse(`has an element ${tag.name} of another namespace`, `Put elements of your own below ${anyBelow}.`, startLine);
    if (levels.length >= MAX_DEPTH) refuse(`is nested more than ${MAX_DEPTH} deep`, PLAIN, startLine);
    const element: XmlElement = { name: tag.local, line: startLine, text: '', attributes: new Map(attributesOf(tag)), children: [] };
    if (element.attributes.size > MAX_ATTRIBUTES) refuse(`has an element of more than ${MAX_ATTRIBUTES} attributes`, PLAIN, startLine);
    const parent = levels.at(-1);
    path.push(tag.local);
    const isOpen = (parent?.isOpen ?? true) && visitor.isOpen(path);
    if (!isOpen) {
      if (parent?.isOpen ?? true) [elements, textLength] = [0, 0];
      else {
        if (parent?.textLine !== undefined) strayText(parent.element.name, parent.textLine);
        parent?.element.children.push(element);
      }
      elements += 1;
      for (const value of element.attributes.values()) textLength += value.length;
      if (elements > MAX_ELEMENTS) refuse(`has an element of more than ${MAX_ELEMENTS} elements`, PLAIN, startLine);
    }
    levels.push({ element, isOpen });
    if (isOpen) visitor.open(path, startLine);
  });
  const strayText = (name: string, line: number) => refuse(`has text between the elements of ${name}`, 'Put it into an element.', line);
  const onText = (text: string): void => {
    const level = levels.at(-1);
    if (!level) return; // saxes has refused what is not blank
    const start = text.search(/\S/);
    const line = parser.line - (start < 0 ? 0 : text.slice(start).split('\n').length - 1);
    if (CONTROL.test(text)) refuse('holds a control character', 'Write text without control characters.');
    if (level.isOpen) {
      if (start >= 0) strayText(level.element.name, line);
      return;
    }
    if (start >= 0) {
      level.textLine ??= line;
      if (level.element.children.length > 0) strayText(level.element.name, line);
    }
    textLength += text.length;
    if (textLength > MAX_TEXT) refuse(`has an element of more than ${MAX_TEXT} characters`, 'Shorten it.');
    level.element.text += text;
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', () => {
    const { element, isOpen } = levels.pop() as Level;
    if (element.children.length > 0) element.text = '';
    if (isOpen) visitor.close(path);
    path.pop();
    if (!isOpen && (levels.at(-1)?.isOpen ?? true)) visitor.element(element, path);
  });

  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < bytes.length; at += CHUNK) parser.write(decoder.decode(bytes.subarray(at, at + CHUNK), { stream: true }));
  parser.close();
}

function* attributesOf({
  attributes,
}: {
  readonly attributes: Readonly<
    Record<string, { readonly name: string; readonly prefix: string; readonly uri: string; readonly value: string }>
  >;
}): Generator<[string, string]> {
  for (const { name, prefix, uri, value } of Object.values(attributes))
    if (name !== 'xmlns' && prefix !== 'xmlns' && uri !== XSI) yield [name, value];
}

/** A line end is no part of any other character in UTF-8, so a line can be judged by itself. */
function checkUtf8(bytes: Uint8Array): void {
  if (isUtf8(bytes)) return;
  let line = 1;
  for (let at = 0; at < bytes.length; line++) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(at, end))) break;
    at = end + 1;
  }
  throw new XmlRefused(line, 'is not UTF-8 text', 'Save the file as UTF-8.');
}
