/** The running half of every service: errors, configuration, telemetry, RPC, messaging, durable files, life cycle (A9). */
export { type AdminOptions, type AdminServer, startAdmin } from './admin.ts';
export { type BootConfig, type BootedService, type BootOptions, bootService } from './boot.ts';
export { type Chain, genesisValidator, openChainFolder, readGenesis } from './chain-folder.ts';
export {
  type ConfigProblem,
  type ConfigResult,
  type ConfigSources,
  defineConfig,
  loadConfig,
  problemText,
  readConfig,
  serviceOptions,
} from './config.ts';
export { type ConfigOf, type ConfigSchema, type OptionSpec, Secret, withoutCredentials } from './config-spec.ts';
export { type ContractFacts, contractHandlers } from './contract.ts';
export {
  BursarError,
  type BursarErrorInit,
  CORE,
  type CoreErrorName,
  coreError,
  type ErrorExtras,
  errorFrom,
  type FieldViolation,
  messageOf,
  type RejectionName,
  reasonOf,
  rejection,
  type Severity,
  systemCode,
} from './errors.ts';
export { EVENT_TYPES, type EventType } from './event-type.ts';
export { EXIT, type ExitCode } from './exit-codes.ts';
export { createHealth, type FailingCondition, HEALTH_LEVELS, type Health, type HealthLevel, type HealthReport } from './health.ts';
export { createLatencyWindow, type LatencyWindow } from './latency-window.ts';
export { exitCodeOf, runService, type ServiceContext, type ServiceOptions, STOP_STAGES, type StopStage } from './lifecycle.ts';
export { atomicCreateFile, atomicWriteFile } from './log/atomic-file.ts';
export { type FilePort, nodeFiles, type OpenFile } from './log/file-port.ts';
export { type FolderLock, lockFolder } from './log/folder-lock.ts';
export { MAX_RECORD_BYTES } from './log/frame.ts';
export { type DurableLog, type LogOptions, openLog } from './log/log.ts';
export { type KeepSector, type MemoryFiles, memoryFiles } from './log/memory-files.ts';
export { readLog } from './log/read-log.ts';
export { type FileOperation, type RecordingFiles, recordingFiles } from './log/recording-files.ts';
export type { LogPosition, LogRecord, TornTail } from './log/segment.ts';
export { createLogger, LOG_LEVELS, type LogFields, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export type {
  Bus,
  BusHandler,
  BusHeaders,
  BusMessage,
  BusObserver,
  BusResponder,
  BusStatus,
  BusSubscription,
  RequestOptions,
  SubscribeOptions,
} from './messaging/bus.ts';
export { dropCounter } from './messaging/bus.ts';
export {
  type ConsumeOptions,
  DEAD_LETTER,
  type EventStream,
  type StreamConsumer,
  type StreamLimits,
  type StreamMessage,
} from './messaging/jetstream.ts';
export { createMemoryBus, type MemoryBus } from './messaging/memory.ts';
export { connectNats, type NatsBus, type NatsOptions } from './messaging/nats.ts';
export {
  type CounterMetric,
  createMetrics,
  type GaugeMetric,
  type HistogramMetric,
  type LabelSets,
  type LabelsOf,
  type Metrics,
} from './metrics.ts';
export { backoffMs, createBulkhead, type RetryOptions, retry, retryForever, withTimeout } from './resilience.ts';
export { type AnswerOptions, answerCalls } from './rpc/answer-calls.ts';
export type { CallContext } from './rpc/call.ts';
export { type CallOptions, createRpcClient, type RpcClient, type RpcClientOptions } from './rpc/client.ts';
export { MAX_MESSAGE_BYTES } from './rpc/method.ts';
export { createRpcServer, type Handlers, type RpcServer, type RpcServerOptions } from './rpc/server.ts';
export { ERROR_DOMAIN, fromStatus, toStatus } from './rpc/status.ts';
export { openStreamCalls, type StreamCalls, type StreamCallsOptions } from './rpc/stream-calls.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export {
  activeTraceId,
  activeTraceparent,
  activeTracestate,
  contextFrom,
  MAX_LINKS,
  type ParentOf,
  SpanKind,
  type SpanOptions,
  startSpan,
  startSpanFrom,
  traceparentOf,
  withSpan,
} from './trace.ts';
