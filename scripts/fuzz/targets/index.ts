/** All targets, in the order in which they run. */
import type { Target } from '../target.ts';
import { codecs } from './codecs.ts';
import { files } from './files.ts';
import { logs } from './frames.ts';
import { ingress } from './ingress.ts';
import { services } from './services.ts';
import { signer } from './signing.ts';
import { storage } from './storage.ts';
import { texts } from './texts.ts';
import { wires } from './wire.ts';

export const targets: readonly Target[] = [
  ...codecs,
  ...logs,
  ...files,
  ...texts,
  ...storage,
  ...wires,
  ...ingress,
  ...services,
  ...signer,
];
