/** bursar.validator_set.v1.ValidatorSet. */
import type { Validator } from '@bursar/membership';
import { fromHex } from '@bursar/protocol';
import type { validatorSet } from '@bursar/protocol/rpc';
import type { Handlers } from '@bursar/shared-core';
import type { MembershipState } from '../core/membership-state.ts';
import { leaderAhead, leaderForgotten, unknownEpoch, unknownValidator } from '../errors.ts';

const reply = ({ index, name, publicKey, stake }: Validator) => ({ index, name, publicKey: fromHex(publicKey), stake });

export function validatorSetHandlers(state: MembershipState): Handlers<(typeof validatorSet.ValidatorSet)['method']> {
  return {
    async getEpoch({ epoch }) {
      const { set } = state;
      if (epoch !== set.epoch) throw unknownEpoch(epoch, set.epoch);
      return { epoch, validators: set.validators.map(reply), totalStake: set.total, quorumStake: set.quorum, hash: fromHex(set.hash) };
    },

    async getValidator({ index }) {
      const validator = state.set.validators[index];
      const conduct = state.conduct(index);
      if (!validator || !conduct) throw unknownValidator(index, state.set.validators.length);
      return {
        validator: reply(validator),
        blocksProposed: BigInt(conduct.proposed),
        viewsSkipped: BigInt(conduct.skipped),
        asOfHeight: BigInt(state.height),
      };
    },

    async getLeader(request) {
      const height = Number(request.height);
      if (height > state.height + 1) throw leaderAhead(height, state.height + 1);
      const validator = state.leader(height, Number(request.view % BigInt(state.set.validators.length)));
      if (validator === undefined) throw leaderForgotten(height, state.oldestSchedule);
      return { validator };
    },

    async verifyCertificate({ header, certificate }) {
      const verdict = state.verify(header, certificate);
      return verdict.valid ? { valid: true, reason: '' } : { valid: false, reason: `${verdict.name}: ${verdict.why}` };
    },
  };
}
