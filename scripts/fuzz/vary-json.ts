/** JSON texts that are well formed and wrong: a value somewhere is another one, missing, doubled, or nested without end. */
import type { Random } from '../../libs/simulator/src/world/random.ts';
import { bytesOf } from './target.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const DEEP = 20_000;
const ODD: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 53,
  1e300,
  '',
  '0',
  '00'.repeat(32),
  'ä\u0000',
  [],
  {},
  [[]],
  ['ab'],
  { length: 4 },
];
/** Texts that no value prints as. */
const RAW = [
  '['.repeat(DEEP) + ']'.repeat(DEEP),
  `${'{"a":'.repeat(DEEP)}0${'}'.repeat(DEEP)}`,
  '1.0',
  '-0',
  '1e0',
  '"\\u0061"',
  '"\ud800"',
];
const MARK = '\u0001raw';

/** Every place in a value: the list or object that holds it, and its key there. */
function* places(value: Json): Generator<[holder: Json[] | { [name: string]: Json }, key: string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [value, key];
    yield* places(inner);
  }
}

/** Also under the name `__proto__`, as JSON.parse does it. */
const own = (o: object, name: string, value: Json): void =>
  void Object.defineProperty(o, name, { value, enumerable: true, configurable: true, writable: true });

function change(holder: Json[] | { [name: string]: Json }, key: string, r: Random, donor: Json): void {
  const o = holder as { [name: string]: Json };
  const old = o[key] as Json;
  switch (r.below(6)) {
    case 0:
      o[key] = structuredClone(r.pick(ODD)); // later changes must not reach the list
      return;
    case 1:
      o[key] = donor;
      return;
    case 2:
      o[key] = r.chance(0.1)
        ? `${MARK}${r.below(RAW.length)}`
        : typeof old === 'number'
          ? old + r.pick([1, -1, 0.5])
          : `${JSON.stringify(old)}x`;
      return;
    case 3:
      if (Array.isArray(holder)) holder.push(...Array.from({ length: r.below(100) }, () => structuredClone(old)));
      else own(o, r.pick(['__proto__', 'toString', 'x', `${key} `]), structuredClone(old));
      return;
    case 4:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete o[key];
      return;
    case 5:
      o[key] = typeof old === 'string' ? r.pick([old.toUpperCase(), ` ${old}`, old.slice(1), [...old].reverse().join(''), [old]]) : [old];
  }
}

export function varyJson(samples: readonly string[]): (r: Random) => Uint8Array {
  return (r) => {
    const value = { top: JSON.parse(r.pick(samples)) as Json };
    for (let left = r.between(1, 3); left > 0; left--) {
      const all = [...places(value)];
      const [holder, key] = r.pick(all);
      const [from, name] = r.pick(all);
      if (r.chance(0.02)) value.top = `${MARK}${r.below(RAW.length)}`;
      else change(holder, key, r, structuredClone((from as { [name: string]: Json })[name] as Json));
      if (!('top' in value)) return new Uint8Array();
    }
    const text = JSON.stringify(value.top, null, r.chance(0.5) ? 2 : 0) ?? '';
    return bytesOf(text.replaceAll(/"\\u0001raw(\d+)"/g, (_, n) => RAW[Number(n)] as string));
  };
}
