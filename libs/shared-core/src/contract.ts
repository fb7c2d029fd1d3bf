import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Digest, fromHex } from '@bursar/protocol';
import type { common } from '@bursar/protocol/rpc';
import type { Handlers } from './rpc/server.ts';

/** Identity as code (C1, C21): what a service says of itself. `Describe` serves it and docs/services is rendered from it. */
export interface ContractFacts {
  readonly id: string;
  /** SemVer of the program. */
  readonly version: string;
  /** One sentence. */
  readonly responsibility: string;
  readonly owns: readonly string[];
  readonly doesNotOwn: readonly { readonly what: string; readonly owner: string }[];
  readonly accepts: readonly string[];
  readonly produces: readonly string[];
  readonly rejectsWhen: readonly string[];
  readonly validates: readonly string[];
  readonly states: readonly string[];
  readonly scales: string;
  readonly fails: string;
  readonly exposes: readonly string[];
}

/** Handlers of `bursar.common.v1.Contract`. */
export function contractHandlers(facts: ContractFacts, chain: Digest): Handlers<(typeof common.Contract)['method']> {
  const reply = { ...facts, chainId: fromHex(chain) } as MessageInitShape<typeof common.DescribeResponseSchema>;
  return { describe: async () => reply };
}
