import { describe, expect, it } from '@jest/globals';
import { BadGenesis, chainId, formatAccount, formatGenesis, type Genesis, mOfN, NO_DELAYS, NO_LIMITS, parseGenesis } from '../src/index.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const genesis: Genesis = {
  version: 1,
  name: 'test',
  incarnation: 0,
  time: 1_790_000_000_000,
  currency: { code: 'EUR', exponent: 2 },
  validators: [1, 2, 3, 4].map((n) => ({ name: `v${n}`, publicKey: id(n), stake: 10n })),
  accounts: [{ id: id(9), balance: 2n ** 60n }],
  treasuries: [
    {
      name: 'main',
      proposers: [id(9)],
      approval: mOfN([id(11), id(12), id(13)], 2),
      limits: NO_LIMITS,
      guardians: [id(14)],
      guardianThreshold: 1,
      executors: [id(15)],
      delays: NO_DELAYS,
    },
  ],
  shards: 1,
  leaseMs: 10_000,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 2_000,
};

type Json = Record<string, unknown>;
const edited = (edit: (g: Json) => void): string => {
  const json = JSON.parse(formatGenesis(genesis)) as Json;
  edit(json);
  return JSON.stringify(json);
};
const at = <T>(v: unknown, i: number): T => (v as T[])[i] as T;

describe('genesis.json', () => {
  it('text and facts say the same', () => {
    expect(parseGenesis(formatGenesis(genesis))).toEqual({ genesis, chain: chainId(genesis) });
  });
  it('the form does not matter to the chain id, every fact does', () => {
    expect(parseGenesis(JSON.stringify(JSON.parse(formatGenesis(genesis)))).chain).toBe(chainId(genesis));
    expect(chainId({ ...genesis, leaseMs: 10_001 })).not.toBe(chainId(genesis));
    expect(chainId({ ...genesis, incarnation: 1 })).not.toBe(chainId(genesis));
  });
  const refused: [sentence: string, text: string, problem: RegExp][] = [
    ['it is no JSON', '{', /no JSON/],
    ['it is a list', '[]', /no JSON object/],
    [
      'a fact was changed under the old chain id',
      edited((g) => {
        g['leaseMs'] = 11_000;
      }),
      /chainId must be [0-9a-f]{64}/,
    ],
    [
      'the chain id is missing',
      edited((g) => {
        delete g['chainId'];
      }),
      /chainId must be/,
    ],
    [
      'a field is not known',
      edited((g) => {
        g['shardz'] = 1;
      }),
      /shardz is not known/,
    ],
    [
      'a stake is a number',
      edited((g) => {
        at<Json>(g['validators'], 0)['stake'] = 10;
      }),
      /validators\[0\]\.stake must be base units/,
    ],
    [
      'a stake is zero',
      edited((g) => {
        at<Json>(g['validators'], 0)['stake'] = '0';
      }),
      /stake above zero/,
    ],
    [
      'a key is short',
      edited((g) => {
        at<Json>(g['validators'], 1)['publicKey'] = 'ab';
      }),
      /validators\[1\]\.publicKey/,
    ],
    [
      'two validators share a key',
      edited((g) => {
        at<Json>(g['validators'], 1)['publicKey'] = id(1);
      }),
      /one key/,
    ],
    [
      'an account is mistyped',
      edited((g) => {
        at<Json>(g['accounts'], 0)['id'] = `${formatAccount(id(9)).slice(0, -1)}x`;
      }),
      /accounts\[0\]\.id must be an account/,
    ],
    [
      'more approvals are needed than there are approvers',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['bands'] = [{ needs: { approver: 4 } }];
      }),
      /role approver cannot reach/,
    ],
    [
      'an approver stands twice in a role',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['roles'] = [
          { name: 'approver', keys: [formatAccount(id(11)), formatAccount(id(11))] },
        ];
      }),
      /without repeats/,
    ],
    [
      'an approver has two roles',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['roles'] = [
          { name: 'approver', keys: [formatAccount(id(11)), formatAccount(id(12))] },
          { name: 'board', keys: [formatAccount(id(12))] },
        ];
      }),
      /stands twice among the roles/,
    ],
    [
      'a band needs nobody',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['bands'] = [{ needs: {} }];
      }),
      /needs no approval/,
    ],
    [
      'a band needs a role that is not there',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['bands'] = [{ needs: { board: 1 } }];
      }),
      /needs\.board is not known/,
    ],
    [
      'large amounts have no band',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['bands'] = [{ upTo: '100', needs: { approver: 1 } }];
      }),
      /must cover every amount/,
    ],
    [
      'the bands do not ascend',
      edited((g) => {
        (at<Json>(g['treasuries'], 0)['approval'] as Json)['bands'] = [
          { upTo: '100', needs: { approver: 1 } },
          { upTo: '100', needs: { approver: 2 } },
          { needs: { approver: 2 } },
        ];
      }),
      /must reach further/,
    ],
    [
      'a treasury has no approval policy',
      edited((g) => {
        delete at<Json>(g['treasuries'], 0)['approval'];
      }),
      /approval must be an object/,
    ],
    [
      'a limit is zero',
      edited((g) => {
        at<Json>(g['treasuries'], 0)['limits'] = { perPayment: '0' };
      }),
      /perPayment allows no payment/,
    ],
    [
      'a window is too short',
      edited((g) => {
        at<Json>(g['treasuries'], 0)['limits'] = { windows: [{ lengthMs: 999, most: '1', scope: 'payee' }] };
      }),
      /windows\[0\]\.lengthMs must be an integer from 1000/,
    ],
    [
      'a window is of an unknown scope',
      edited((g) => {
        at<Json>(g['treasuries'], 0)['limits'] = { windows: [{ lengthMs: 1000, most: '1', scope: 'all' }] };
      }),
      /scope must be treasury or payee/,
    ],
    [
      'a limit is misspelt',
      edited((g) => {
        at<Json>(g['treasuries'], 0)['limits'] = { perpayment: '1' };
      }),
      /perpayment is not known/,
    ],
    [
      'there is no validator',
      edited((g) => {
        g['validators'] = [];
      }),
      /at least one/,
    ],
    [
      'more shards are asked for than a genesis may have',
      edited((g) => {
        g['shards'] = 65;
      }),
      /shards must be an integer from 1 to 64/,
    ],
    [
      'the balances exceed u64 together',
      edited((g) => {
        (g['accounts'] as Json[]).push({ id: formatAccount(id(10)), balance: (2n ** 64n - 1n).toString() });
      }),
      /exceed/,
    ],
  ];
  it.each(refused)('is refused when %s', (_, text, problem) => {
    expect(() => parseGenesis(text)).toThrow(BadGenesis);
    expect(() => parseGenesis(text)).toThrow(problem);
  });
  it('every problem is named at once', () => {
    const text = edited((g) => {
      g['shards'] = 0;
      g['name'] = '';
    });
    expect(() => parseGenesis(text)).toThrow(/name must be.*shards must be/);
  });
});
