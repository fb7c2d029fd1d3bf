import type { RejectionName } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { readPain001 } from '../src/iso20022/pain001.ts';
import { changedFirst, context, pain001, read, TWO } from './support/pain001.ts';

type Refused = [sentence: string, change: string, code: RejectionName, says: RegExp];
const refused: Refused[] = [
  ['a DOCTYPE', '<Document ⇒ <!DOCTYPE Document [<!ENTITY a "b">]>\n<Document @ <!DOCTYPE', 'XmlRefused', /DOCTYPE/],
  ['an external DOCTYPE', '<Document ⇒ <!DOCTYPE Document SYSTEM "file:///etc/passwd">\n<Document @ <!DOCTYPE', 'XmlRefused', /DOCTYPE/],
  ['an entity of its own', 'Invoice 1 ⇒ &lol;', 'XmlRefused', /well-formed.*entity/],
  ['an end tag that does not fit', '</PmtId> ⇒ </PmtIds>', 'XmlRefused', /well-formed/],
  ['an attribute twice', 'Ccy="EUR" ⇒ Ccy="USD" Ccy="EUR"', 'XmlRefused', /well-formed.*duplicate/],
  ['a prefix without a namespace', '<PmtId> ⇒ <x:y/>\n<PmtId> @ <x:y', 'XmlRefused', /well-formed.*prefix/],
  ['an element of another namespace', '<PmtId> ⇒ <y xmlns="urn:other"/>\n<PmtId> @ <y', 'XmlRefused', /another namespace/],
  ['a character that XML does not know', 'Invoice 1 ⇒ a\u0001b', 'XmlRefused', /well-formed/],
  ['a control character that XML knows', 'Invoice 1 ⇒ a\u0085b\u0090', 'XmlRefused', /control character/],
  ['text between elements', '<PmtId> ⇒ stray\n<PmtId> @ stray', 'XmlRefused', /text between/],
  ['text between elements that come one by one', '<GrpHdr> ⇒ stray<GrpHdr>', 'XmlRefused', /text between/],
  ['33 levels', `<RmtInf> ⇒ ${'<a>'.repeat(33)}${'</a>'.repeat(33)}<RmtInf> @ <a>`, 'XmlRefused', /deep/],
  ['2,001 elements in a payment', `<RmtInf> ⇒ ${'<a/>'.repeat(2_001)}<RmtInf> @ <a/>`, 'XmlRefused', /more than 2000 elements/],
  ['65,537 characters in a payment', `Invoice 1 ⇒ ${'x'.repeat(65_537)}`, 'XmlRefused', /more than 65536 characters/],
  [
    '17 attributes',
    `<PmtId> ⇒ <a ${Array.from({ length: 17 }, (_, i) => `a${i}=""`).join(' ')}/><PmtId> @ <a `,
    'XmlRefused',
    /attributes/,
  ],
  ['another encoding', 'encoding="UTF-8" ⇒ encoding="ISO-8859-1"', 'XmlRefused', /ISO-8859-1/],
  ['XML 1.1', 'version="1.0" ⇒ version="1.1"', 'XmlRefused', /XML 1.1/],
  ['half a file', '</CstmrCdtTrfInitn>\n</Document>\n ⇒ ', 'XmlRefused', /well-formed/],
  ['something behind the document', '</Document> ⇒ </Document><a/>', 'XmlRefused', /well-formed/],
  ['another version', 'pain.001.001.09 ⇒ pain.001.001.11', 'MessageUnsupported', /pain\.001\.001\.11/],
  ['another message', 'pain.001.001.09 ⇒ pain.008.001.08', 'MessageUnsupported', /pain\.008\.001\.08/],
  ['no namespace', ' xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" ⇒ ', 'MessageUnsupported', /no namespace/],
];
describe('a file that is not read at all', () => {
  it.each(refused)('%s is named with its line', (sentence, change, code, says) => {
    const { text, line } = changedFirst(sentence, change);
    const found = read(text);
    if (found.ok) throw new Error('the file was read');
    const last = found.problems.at(-1);
    expect(last).toMatchObject({ rejection: code });
    expect(last?.reason).toMatch(says);
    if (!['half a file', 'something behind the document'].includes(sentence)) expect(last?.line).toBe(line);
  });
  it('what is no UTF-8 is named with its line', () => {
    const text = Buffer.from(pain001('09', TWO));
    text[text.indexOf('Anna')] = 0xff;
    const line = text.subarray(0, text.indexOf('nna')).toString('latin1').split('\n').length;
    expect(readPain001(text, context)).toMatchObject({
      ok: false,
      problems: [{ line, rejection: 'XmlRefused', reason: 'is not UTF-8 text' }],
    });
    const wide = Buffer.from(`\ufeff${pain001('09', TWO)}`, 'utf16le');
    expect(readPain001(wide, context)).toMatchObject({ ok: false, problems: [{ line: 1, rejection: 'XmlRefused' }] });
  });
  it('a document without payments, or without a header', () => {
    const empty = pain001('09', []);
    expect(read(empty)).toMatchObject({ ok: false, problems: [{ column: 'PmtInf', reason: expect.stringMatching(/no payments/) }] });
    const headless = pain001('09', TWO).replace(/<GrpHdr>.*<\/GrpHdr>/s, '');
    expect(read(headless)).toMatchObject({ ok: false, problems: [{ column: 'GrpHdr' }] });
    expect(read('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>')).toMatchObject({ ok: false });
    expect(read('<Other xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>')).toMatchObject({ ok: false });
  });
  const beside: [sentence: string, change: string, says: RegExp][] = [
    ['1,001 elements before the payments', `<PmtInf> ⇒ <PmtInf>${'<X/>'.repeat(1_001)}`, /more than 1000 elements before/],
    [
      '1,001 items behind them',
      `</CstmrCdtTrfInitn> ⇒ <SplmtryData>${'<x>1</x>'.repeat(1_001)}</SplmtryData></CstmrCdtTrfInitn>`,
      /more than 1000 items/,
    ],
    [
      '16,385 characters that would go with every payment',
      `<PmtMtd> ⇒ <Xtra>${'x'.repeat(16_385)}</Xtra><PmtMtd>`,
      /more than 16384 characters/,
    ],
  ];
  it.each(beside)('%s are too many', (sentence, change, says) => {
    const found = read(changedFirst(sentence, change).text);
    expect(found.ok || found.problems.at(-1)?.reason).toMatch(says);
  });
  it('ends at the ten thousandth problem', () => {
    const found = read(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"><CstmrCdtTrfInitn>${'<PmtInf/>'.repeat(5_000)}`);
    expect(found.ok || found.problems.length).toBe(10_000);
  });
});
