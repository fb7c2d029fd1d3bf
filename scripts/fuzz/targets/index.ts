/** All targets, in the order in which they run. */
import type { Target } from '../target.ts';
import { codecs } from './codecs.ts';
import { files } from './files.ts';
import { logs } from './frames.ts';
import { storage } from './storage.ts';
import { texts } from './texts.ts';

export const targets: readonly Target[] = [...codecs, ...logs, ...files, ...texts, ...storage];
