/** One config for every project: run as `jest -c ../../jest.config.mjs --rootDir .` in the project's folder. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': `${import.meta.dirname}/jest.strip.mjs` },
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/gen/**'],
  maxWorkers: 1,
  /** Ends what hangs. How long a test may take says nothing: a machine may be busy. */
  testTimeout: 60_000,
};
