/** Event types of the JSON log (C9): a closed set, so that queries and alerts can rely on them. */
export const EVENT_TYPES = [
  'MessageReceived',
  'ValidationGatePass',
  'ValidationGateReject',
  'StateTransition',
  'QuorumReached',
  'BlockFinalized',
  'ViewChangeTriggered',
  'NetworkPartitionDetected',
  'ByzantineDetected',
  'HealthCheck',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
