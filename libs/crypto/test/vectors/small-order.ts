/**
 * Every 32-byte string that decodes to a point of order 1, 2, 4 or 8: eight canonical encodings, then six that RFC 8032
 * §5.1.3 forbids (y not reduced, or a sign on x = 0) but that lenient decoders take.
 */
export const smallOrder: readonly (readonly [string, string])[] = [
  ['order 1', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 4, x even', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['order 4, x odd', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['order 8, first', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, second', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['order 8, third', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['order 8, fourth', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ['order 1, sign on x = 0', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['order 1, y = p + 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 1, y = p + 1 and sign on x = 0', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['order 2, sign on x = 0', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['order 4, y = p, x even', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 4, y = p, x odd', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
];
