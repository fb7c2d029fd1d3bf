// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rows are samples of code
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { blank, specifiers } from '../tidy/source.ts';

describe('blank keeps code and drops the rest', () => {
  it.each([
    ['a line comment', 'a // b\nc', 'a     \nc'],
    ['a block comment', 'a /* b */ c', 'a         c'],
    ['a comment without an end', 'a /* b', 'a     '],
    ['a string', `a('b') + "c"`, `a(' ') + " "`],
    ['an escaped quote', `'a\\'b' c`, `'    ' c`],
    ['a comment sign in a string', `'//' a`, `'  ' a`],
    ['a quote in a comment', `// it's\na`, `       \na`],
    ['a template', '`a` b', '` ` b'],
    ['code in a template', '`a${b}c`', '` ${b} `'],
    ['an object in a template', '`${{ a: {} }.b}c` d', '`${{ a: {} }.b} ` d'],
    ['a template in a template', '`a${`b${c}`}d` e', '` ${` ${c}`} ` e'],
    ['a regular expression', "a = /'[/]/ + b", 'a = /    / + b'],
    ['a division', 'a / b / c', 'a / b / c'],
  ])('%s', (_sentence, text, code) => expect(blank(text)).toBe(code));

  it('keeps length and lines of any text', () => {
    const piece = fc.constantFrom('`', '${', '}', '{', "'", '"', '/', '*', '\\', '\n', 'a', ' ', '(', '//', '/*', '*/');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        expect(blank(text).length).toBe(text.length);
        expect(blank(text).split('\n').length).toBe(text.split('\n').length);
      }),
    );
  });
});

describe('specifiers finds every way to name a module', () => {
  it.each<[string, (string | undefined)[]]>([
    [`import a from 'x';`, ['x']],
    [`import {\n  a,\n} from "x";`, ['x']],
    [`import type { A } from 'x';`, ['x']],
    [`import 'x';`, ['x']],
    [`export { a } from 'x';`, ['x']],
    [`export * as a from 'x';`, ['x']],
    [`await import('x');`, ['x']],
    ['await import(`x`);', ['x']],
    ['await import(name);', [undefined]],
    ['await import(`x/${name}`);', [undefined]],
    [`type A = import('x').A;`, ['x']],
    [`require('x');`, ['x']],
    [`import.meta.resolve('x');`, ['x']],
    [`new Worker(new URL('./x.ts', import.meta.url));`, ['./x.ts']],
    [`/// <reference path="x.d.ts" />`, ['./x.d.ts']],
    [`// import 'x'`, []],
    [`const s = "import 'x'";`, []],
    [`Array.from('x'); a.import('x');`, []],
    [`const url = import.meta.url;`, []],
  ])('%s', (text, names) => expect(specifiers(text).map((s) => s.name)).toEqual(names));
});
