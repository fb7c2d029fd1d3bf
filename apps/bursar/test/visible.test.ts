import { rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { explain } from '../src/errors.ts';
import { visible } from '../src/visible.ts';

describe('text of others', () => {
  const rows: [string, string, string][] = [
    ['stays as it is', 'Gehalt für Zoë, 東京, 🎉', 'Gehalt für Zoë, 東京, 🎉'],
    ['writes no line of its own', 'x)\n  paid 5', 'x)\\u{a}  paid 5'],
    ['does not steer the terminal', '\u001b[2J\r', '\\u{1b}[2J\\u{d}'],
    ['does not turn the letters around', 'a\u202eb\u2066', 'a\\u{202e}b\\u{2066}'],
    ['hides nothing', 'a\u200bb\u2028', 'a\\u{200b}b\\u{2028}'],
  ];
  it.each(rows)('%s', (_, text, shown) => expect(visible(text)).toBe(shown));
  it('in an error stays within its line', () => {
    const violations = [{ field: 'line 3', description: '"a\u001b[1A\nbursar: all is well"' }];
    expect(explain(rejection('FieldInvalid', 'two\nlines\u001b[31m', { violations })).split('\n')).toEqual([
      'bursar: two',
      'lines\\u{1b}[31m',
      '    line 3: "a\\u{1b}[1A\\u{a}bursar: all is well"',
      expect.stringMatching(/^ {2}code: /),
      expect.stringMatching(/^ {2}do: /),
    ]);
  });
});
