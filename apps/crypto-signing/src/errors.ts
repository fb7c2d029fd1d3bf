import { type BursarError, rejection } from '@bursar/shared-core';

export const doubleSignRefused = (reason: string): BursarError => rejection('DoubleSignRefused', `Not signed: ${reason}.`);

export const signerBehind = (): BursarError =>
  rejection('SignerBehind', 'Nothing is signed: a signature of this validator is known that its record lacks.');

export const keyNotInGenesis = (validator: number, publicKey: string): BursarError =>
  rejection('GenesisMismatch', `The key ${publicKey} is not that of validator ${validator} in the genesis.`, {
    remedy: 'Start with the keystore, the validator index and the genesis that belong together.',
    exitCode: 78,
  });
