/**
 * Every rejection in one list (C4): number, name, severity, what it means and what to do. 1xxx–6xxx are the ingress of
 * consensus, 7xxx the ledger and treasury, 8xxx imports, proofs and the command line. Numbers are never used again.
 */
export type Severity = 'low' | 'medium' | 'high' | 'critical';
export interface Rejection {
  readonly code: number;
  readonly name: string;
  readonly severity: Severity;
  readonly reason: string;
  readonly remedy: string;
}

const table = {
  InvalidSignature: [
    1001,
    'critical',
    'The signature does not verify.',
    'Sign the canonical bytes again with the key that the message names.',
  ],
  UnknownValidator: [1002, 'medium', 'The sender is no validator of this epoch.', 'Check the chain id and the genesis file of the sender.'],
  SignatureVerificationTimeout: [
    1003,
    'medium',
    'Verification did not finish in time.',
    'Send again; if it repeats, give the node more CPU.',
  ],
  MalformedMessage: [
    1004,
    'medium',
    'The bytes are no canonical message of this version.',
    'Encode as docs/protocol.md says; compare with its test vectors.',
  ],
  OutOfSequence: [2001, 'high', 'The height is final already.', 'Catch up from the certificate that answers this message.'],
  DuplicateMessage: [2002, 'medium', 'The same message was accepted before.', 'Nothing: the first one counts.'],
  MessageExpired: [2003, 'medium', 'The time on the envelope is too old or in the future.', 'Synchronise the clock and send again.'],
  SequenceGap: [2004, 'medium', 'The height is too far ahead.', 'Catch up, or wait until this node has.'],
  InvalidPhase: [3001, 'high', 'The message does not fit its phase.', 'Read the status RPC for the phase of this height.'],
  InvalidView: [3002, 'medium', 'The view was left already.', 'Vote in the current view.'],
  WrongValidator: [3003, 'medium', 'The sender does not lead this view.', 'Ask the validator-set service who leads.'],
  QuorumNotReached: [4001, 'medium', 'The certificate holds less stake than a quorum.', 'Wait for more votes.'],
  ConflictingVotes: [4002, 'medium', 'The vote contradicts one that is recorded.', 'Never sign two digests in one view and phase.'],
  EquivocationDetected: [
    4003,
    'critical',
    'One validator signed two contradicting messages.',
    'Stop that validator and look for a second copy of its key.',
  ],
  QueueFull: [5001, 'low', 'The queue is full.', 'Send again after the time in RetryInfo.'],
  RateLimited: [5002, 'low', 'Too many requests.', 'Send again after the time in RetryInfo.'],
  ProcessingTimeout: [
    5003,
    'medium',
    'The request did not finish before its deadline.',
    'Look up the transaction before sending the same bytes again.',
  ],
  InsufficientResources: [5004, 'medium', 'The node is short of memory or disk.', 'Free space or memory, then send again.'],
  PeerUnreachable: [6001, 'medium', 'A service that is needed does not answer.', 'See that it runs (readyz), then send again.'],
  NetworkPartitionDetected: [6002, 'medium', 'Too few validators can be reached.', 'Restore the network; nothing is lost meanwhile.'],

  UnknownAccount: [7001, 'medium', 'The signing account is not known to the ledger.', 'Fund the account first, or check the key.'],
  InsufficientFunds: [
    7002,
    'medium',
    'The balance is smaller than the amount.',
    'Fund the paying account; queued payments go on by themselves.',
  ],
  NonceTooLow: [7003, 'low', 'This nonce was used already.', 'Look up the transaction: it may be done. Else sign with the next nonce.'],
  NonceGap: [
    7004,
    'low',
    'A transaction with a smaller nonce is missing.',
    'Send the missing transaction first, then the same bytes again.',
  ],
  WrongChain: [7005, 'high', 'The transaction was signed for another chain.', 'Sign for the chain id of this genesis.'],
  AmountInvalid: [7006, 'medium', 'The amount is zero or too large.', 'Use 1 to 2^64 - 1 base units.'],
  NotAuthorised: [7007, 'high', 'The signer may not do this.', 'Sign with a key that the treasury lists for the role.'],
  UnknownTreasury: [7008, 'medium', 'There is no such treasury.', 'Use a treasury of the genesis.'],

  UnknownDisbursement: [7101, 'medium', 'There is no such disbursement.', 'Check the id; it is made from the treasury and the client key.'],
  ClientKeyConflict: [
    7102,
    'high',
    'The client key was used with another body.',
    'Use a new client key, or send the first body unchanged.',
  ],
  ClientKeyCancelled: [
    7103,
    'high',
    'The payment under this client key was cancelled.',
    'Use a new client key if it is to be paid after all.',
  ],
  DependencyCycle: [7104, 'medium', 'The dependencies form a cycle.', 'Break the cycle that the details name.'],
  DependencyMissing: [7105, 'medium', 'A dependency does not exist.', 'Import it before or together with its dependent.'],
  AlreadyExecuted: [7106, 'medium', 'The payment was executed already.', 'Nothing to pay; to undo it make a new disbursement back.'],
  AlreadyCancelled: [7107, 'low', 'The payment was cancelled already.', 'Nothing to do.'],
  BodyStale: [7108, 'medium', 'The body hash is not that of the recorded disbursement.', 'Read the disbursement again and plan anew.'],
  NotApproved: [7109, 'medium', 'Approvals are missing.', 'Gather the missing approvals.'],
  NotDue: [7110, 'low', 'Its time has not come.', 'Wait until ledger time reaches not_before.'],
  BlockedByDependency: [
    7111,
    'medium',
    'A dependency is not executed, or was cancelled.',
    'Wait for it; if it was cancelled, import a new payment without it.',
  ],
  OverLimit: [
    7112,
    'medium',
    'A limit of the treasury does not allow it now.',
    'Wait until the window has room: it goes on by itself. What is above the limit of one payment is cancelled and imported in parts.',
  ],
  PayeeChanged: [
    7113,
    'high',
    'The payee was changed or struck off since the payment was made out.',
    'Check the new details with the payee, then revise the payment to them, or cancel it.',
  ],
  Held: [7114, 'high', 'Somebody holds the payment back.', 'Ask who held it; approvers release it together.'],
  HoldNumberStale: [7115, 'medium', 'The number is not that of this hold.', 'Read the payment and sign with its hold number.'],
  PayeeUnknown: [
    7116,
    'medium',
    'The payee is not in the directory with this version and account.',
    'Read the payee again and make the payment out to its present details.',
  ],
  ReversalInvalid: [
    7117,
    'high',
    'It pays back what this treasury did not get, more than it got, or what is paid back already.',
    'Name an executed payment to this treasury that nothing reverses yet, and its payer as destination.',
  ],
  ImportUnknown: [7120, 'medium', 'There is no such import.', 'Send its chunks and seal first.'],
  ImportMismatch: [7121, 'high', 'The items do not hash to the import digest.', 'Send exactly the items that the digest was made from.'],
  ImportIncomplete: [7122, 'medium', 'Chunks of the import are missing.', 'Send the missing chunks, then the seal with a new nonce.'],
  ImportSealed: [7123, 'low', 'The import is complete already.', 'Nothing: read its status.'],
  ImportTooLarge: [7124, 'medium', 'The import has too many items or open imports.', 'Split it into imports of at most 100,000 items.'],
  AlreadyApproved: [7125, 'low', 'This approver approved it before.', 'Nothing: the first approval counts.'],
  OwnProposal: [7126, 'high', 'Who proposed it may not approve it.', 'Let another approver sign; payer and approver are two people.'],

  ChangeInvalid: [
    7131,
    'medium',
    'The policy contradicts itself, or the payee cannot be entered like this.',
    'Correct it: for a payee, a name and a reference that no other payee has.',
  ],
  ChangeStale: [
    7132,
    'medium',
    'The version that the change replaces is not the current one.',
    'Read the policy or payee again and propose the change anew.',
  ],
  ChangeUnknown: [7133, 'medium', 'There is no such change.', 'Check the id: it is that of the transaction that proposed it.'],
  ChangeOver: [
    7134,
    'low',
    'The change is decided: approved, in force, cancelled, expired or overtaken.',
    'Nothing: read its state. If it is still wanted, propose it anew.',
  ],
  TooManyChanges: [
    7135,
    'medium',
    'Too many changes: open ones of the treasury or of this proposer, or policies in one block.',
    'Approve or cancel open changes first; propose one policy at a time.',
  ],

  LeaseHeld: [7201, 'low', 'Another executor holds the lease.', 'Wait until it is released or expires.'],
  Fenced: [
    7202,
    'high',
    'The lease epoch or its holder is not the current one, or the lease expired.',
    'Acquire the lease; plan anew with its epoch.',
  ],
  SeqReused: [7203, 'high', 'This seq was used with other bytes.', 'Read the next seq; look for a second executor with this key.'],
  SeqGap: [7204, 'medium', 'A batch with a smaller seq is missing.', 'Send the missing batch, then the same bytes again.'],
  BatchExpired: [7205, 'medium', 'The batch is past its expires_at.', 'Plan anew: it was not executed and never will be.'],
  Paused: [7206, 'medium', 'Payments are paused.', 'Guardians resume together; then send the same bytes again.'],
  UnknownShard: [7207, 'medium', 'There is no such shard.', 'Use a shard below the number in the genesis.'],
  WrongShard: [
    7209,
    'medium',
    'The payment belongs to another shard or lane than the batch.',
    'Read the ready list of this shard and lane, and plan anew.',
  ],
  PauseNumberStale: [7208, 'medium', 'The pause number is not the current one.', 'Read the treasury and sign with its pause number.'],

  EvidenceInvalid: [
    7301,
    'high',
    'The two messages do not prove that one validator contradicted itself.',
    'Give two messages that one validator signed for one height, in the form of docs/protocol.md ("Evidence").',
  ],
  EvidenceKnown: [7302, 'low', 'This offence is recorded already.', 'Nothing: the first evidence counts.'],
  EvidenceFull: [
    7303,
    'low',
    'So many offences of this validator are recorded that more add nothing.',
    'Nothing: act on what is recorded.',
  ],

  TransactionTooLarge: [8001, 'medium', 'The transaction exceeds 256 KiB.', 'Split it: imports go in chunks.'],
  FieldInvalid: [8002, 'medium', 'A field does not have its form.', 'Correct the fields that the details name.'],
  CsvInvalid: [
    8003,
    'medium',
    'The file has lines that cannot be imported; nothing was imported.',
    'Correct the lines that are listed and import again.',
  ],
  PaymentFileInvalid: [
    8004,
    'medium',
    'The ISO 20022 file has fields that cannot be imported; nothing was imported.',
    'Correct the elements that are listed, or export the file again, and import it again.',
  ],
  XmlRefused: [
    8005,
    'medium',
    'The file is no XML that is read here.',
    'Write well-formed XML 1.0 in UTF-8, without DOCTYPE and entities of its own.',
  ],
  MessageUnsupported: [
    8006,
    'medium',
    'The message is of a kind or version that is not read.',
    'Export it as pain.001.001.03 or pain.001.001.09.',
  ],
  CurrencyUnsupported: [
    8007,
    'medium',
    'The currency is not that of the network.',
    'Pay in the currency of the genesis; nothing is exchanged.',
  ],
  MethodUnsupported: [8008, 'medium', 'Only transfers are made.', 'Pay cheques and the like another way.'],
  AccountUnresolved: [
    8009,
    'medium',
    'No account of this network is known for the payee.',
    'Write the account (bur1…) itself, or enter the payee with its reference.',
  ],
  DebtorMismatch: [
    8010,
    'high',
    'The debtor is not the treasury that pays.',
    'Write the name or the account of the treasury as debtor account.',
  ],
  ControlSumMismatch: [
    8011,
    'high',
    'The number or sum of the payments is not the one that the file states.',
    'Something is missing or was changed: export the file again.',
  ],
  ClientKeyMissing: [
    8012,
    'high',
    'The payment has no key of its own, so a repeat could not be told from a second payment.',
    'Give every payment an EndToEndId of its own.',
  ],
  ImportFileMismatch: [8013, 'medium', 'The file is not the one of this import.', 'Give the pain.001 file that was imported, unchanged.'],
  StatementInvalid: [
    8014,
    'critical',
    'The postings do not add up to the balances of the ledger.',
    'Do not use the statement; ask another validator, and report the one that answered.',
  ],
  ProofInvalid: [8101, 'critical', 'The proof does not prove the payment.', 'Do not trust it; fetch a new proof from another validator.'],
  GenesisMismatch: [8102, 'critical', 'The genesis is not that of this chain.', 'Use the genesis file that the operators published.'],
  NotFound: [8201, 'low', 'Nothing is known under this id.', 'Check the id; a new transaction needs a moment.'],
  NotFinal: [8202, 'low', 'It is not final and provable yet.', 'Ask again after the next block.'],
  Unauthenticated: [8203, 'high', 'The call carries no valid token.', 'Give the token of this cell.'],
  KeyFileInvalid: [8204, 'high', 'The key file cannot be used.', 'Point to a readable key file with mode 0600.'],
  DependencyUnavailable: [8205, 'medium', 'A program or service that is needed is missing.', 'Install or start it as the message says.'],
  DoubleSignRefused: [
    8301,
    'critical',
    'The signer has signed something else for this height, view and phase.',
    'Find out who asks twice: one validator must run once.',
  ],
  SignerBehind: [8302, 'critical', 'A signature is known that the signer lacks.', 'Restore the record of crypto-signing; never delete it.'],
  StateForkDetected: [
    8303,
    'critical',
    'A certified header has another state root than this node computed.',
    'Keep the dump, stop this node, compare program versions and disks.',
  ],
  LogBehind: [
    8304,
    'critical',
    'The consensus log lacks the certificate of a Commit that this validator has signed.',
    'None while the others go on: it votes again above that height. Never delete the consensus log (its folder `log`).',
  ],
} as const satisfies Record<string, readonly [number, Severity, string, string]>;

export type RejectionName = keyof typeof table;
export const rejections = Object.fromEntries(
  Object.entries(table).map(([name, [code, severity, reason, remedy]]) => [name, { code, name, severity, reason, remedy }]),
) as { readonly [K in RejectionName]: Rejection & { readonly name: K; readonly code: (typeof table)[K][0] } };

const byCode = new Map<number, Rejection>(Object.values(rejections).map((r) => [r.code, r]));
export const findRejection = (code: number): Rejection | undefined => byCode.get(code);
