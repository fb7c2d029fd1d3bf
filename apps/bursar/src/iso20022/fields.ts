/** What is taken of an element, child by child; what nobody took can be asked for. */
import type { LineProblem } from '../csv/read-payments.ts';
import { leaves, oneLine } from './memo.ts';
import type { XmlElement } from './xml-reader.ts';

/** The one attribute that is looked at where its element is. */
const CURRENCY = 'Ccy';

export type Report = (problem: LineProblem) => void;

export class Fields {
  readonly element: XmlElement;
  /** Names from GrpHdr, PmtInf[2] or CdtTrfTxInf[7] on: payments are counted through the whole file. */
  readonly path: string;
  readonly #report: Report;
  readonly #taken = new Set<XmlElement>();
  readonly #inside = new Map<XmlElement, Fields>();

  constructor(element: XmlElement, path: string, report: Report) {
    this.element = element;
    this.path = path;
    this.#report = report;
  }

  bad(at: XmlElement, name: string, rejection: LineProblem['rejection'], reason: string, remedy: string): void {
    this.#report({ line: at.line, column: this.path === '' ? name : `${this.path}/${name}`, rejection, reason, remedy });
  }

  /** As `bad`, of the element itself. */
  report(at: XmlElement, rejection: LineProblem['rejection'], reason: string, remedy: string): void {
    this.#report({ line: at.line, column: this.path, rejection, reason, remedy });
  }

  /** The child of that name; a second one is reported. */
  find(name: string): XmlElement | undefined {
    const [first, second] = this.all(name);
    if (second) this.bad(second, name, 'FieldInvalid', 'stands here a second time', 'Write it once.');
    return first;
  }
  /** As `find`; a missing one is reported with what to do. */
  get(name: string, remedy: string): XmlElement | undefined {
    const found = this.find(name);
    if (!found) this.bad(this.element, name, 'FieldInvalid', 'is missing', remedy);
    return found;
  }
  all(name: string): XmlElement[] {
    const found = this.element.children.filter((c) => c.name === name);
    for (const child of found) this.#taken.add(child);
    return found;
  }
  /** As `find`, and it stays untaken. */
  peek(name: string): XmlElement | undefined {
    return this.element.children.find((c) => c.name === name);
  }
  /** Fields of a child: what they do not take is not taken here either. */
  inside(child: XmlElement): Fields {
    const made = new Fields(child, this.path === '' ? child.name : `${this.path}/${child.name}`, this.#report);
    this.#inside.set(child, made);
    return made;
  }

  /** A text without blanks at its ends, of 1 to `most` characters. */
  text(child: XmlElement, most: number): string | undefined {
    const { text, name } = child;
    if (child.children.length > 0) this.bad(child, name, 'FieldInvalid', 'holds elements instead of a text', 'Write its text.');
    else if (text === '' || text !== text.trim() || /[\t\n\r]/.test(text) || [...text].length > most)
      this.bad(
        child,
        name,
        'FieldInvalid',
        `"${clip(text)}" is no text of 1 to ${most} characters`,
        'Write it on one line, without blanks around it.',
      );
    else return text;
    return undefined;
  }

  /** Whatever nobody took, as `Path=value`, in the order of the file. */
  *rest(under = ''): Generator<string> {
    for (const child of this.element.children) {
      const inside = this.#inside.get(child);
      if (!inside && !this.#taken.has(child)) yield* leaves(child, under);
      else for (const [name, value] of child.attributes) if (name !== CURRENCY) yield `${under}${child.name}@${name}=${oneLine(value)}`;
      if (inside) yield* inside.rest(`${under}${child.name}/`);
    }
  }
}

export const clip = (text: string): string => {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
};
