/** Who may vote, with what weight, and who leads: pure functions of the genesis and of final headers. */
export { fromBitmap, toBitmap } from './bitmap.ts';
export { type FinalKind, finalKinds, isFinalKind } from './final-kind.ts';
export { genesisSet } from './genesis-set.ts';
export {
  advanceSchedule,
  genesisBeacon,
  leaderOf,
  leaderOrder,
  nextBeacon,
  SCHEDULE_WINDOW,
  type Schedule,
  skippedBitmap,
  startSchedule,
} from './schedule.ts';
export { isAll, isQuorum, stakeOf, type Thresholds, thresholds } from './stake.ts';
export type { Validator, ValidatorSet } from './validator-set.ts';
export { isEnough, type OpenCertificate, openCertificate, publicKeyOf, verifyCertificate } from './verify-certificate.ts';
