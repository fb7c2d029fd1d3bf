/** The official schemas, through libxml2. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateXML } from 'xmllint-wasm';
import { root } from './program.ts';

export type Schema = 'pain.001.001.03' | 'pain.001.001.09' | 'pain.002.001.03' | 'camt.053.001.08';

/** What the schema finds wrong in the documents, by place: an empty list for each that is valid. */
export async function schemaErrors(schema: Schema, ...documents: readonly string[]): Promise<string[][]> {
  const xml = documents.map((contents, i) => ({ fileName: `${i}.xml`, contents }));
  const { errors } = await validateXML({
    xml,
    schema: readFileSync(join(root, 'third_party', 'iso20022', `${schema}.xsd`), 'utf8'),
    maxMemoryPages: 2_048,
  });
  return xml.map(({ fileName }) => errors.filter((e) => e.loc === null || e.loc.fileName === fileName).map((e) => e.message));
}
