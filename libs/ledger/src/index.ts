/** The replicated state machine: `new Ledger(genesis)`, then one `execute` for each final block. */
export { bounds } from './bounds.ts';
export type { Refusal } from './entities.ts';
export { BrokenInvariant, InvalidBlock } from './errors.ts';
export type { ImportProof } from './import-proofs.ts';
export { type ExecutableBlock, Executed, Ledger } from './ledger.ts';
export { PaymentWindow } from './payment-window.ts';
export type { ReadyItem, ReadyPage } from './ready-page.ts';
export { type Counts, type DisbursementState, disbursementStates } from './status.ts';
export type {
  AccountView,
  ApprovalNeed,
  ChangeView,
  DisbursementView,
  EvidenceView,
  ImportView,
  LeaseView,
  PayeeView,
  TreasuryView,
  WindowView,
} from './views.ts';
