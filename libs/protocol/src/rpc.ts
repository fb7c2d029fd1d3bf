/** Generated protobuf, one namespace per file: `import { health, ledger } from '@bursar/protocol/rpc'`. */
export * as common from './gen/bursar/common/v1/describe_pb.ts';
export * as rejection from './gen/bursar/common/v1/rejection_pb.ts';
export * as consensus from './gen/bursar/consensus/v1/consensus_pb.ts';
export * as consensusEvents from './gen/bursar/consensus/v1/events_pb.ts';
export * as transactions from './gen/bursar/consensus/v1/transactions_pb.ts';
export * as wire from './gen/bursar/consensus/v1/wire_pb.ts';
export * as signing from './gen/bursar/signing/v1/signing_pb.ts';
export * as commits from './gen/bursar/storage/v1/commits_pb.ts';
export * as storageEvents from './gen/bursar/storage/v1/events_pb.ts';
export * as ledger from './gen/bursar/storage/v1/ledger_pb.ts';
export * as executor from './gen/bursar/treasury/v1/executor_pb.ts';
export * as treasury from './gen/bursar/treasury/v1/treasury_pb.ts';
export * as validatorSet from './gen/bursar/validator_set/v1/validator_set_pb.ts';
export * as errorDetails from './gen/google/rpc/error_details_pb.ts';
export * as rpcStatus from './gen/google/rpc/status_pb.ts';
export * as health from './gen/grpc/health/v1/health_pb.ts';
export * as reflection from './gen/grpc/reflection/v1/reflection_pb.ts';
