/** The outbox's cursor: a small file beside the log, replaced as a whole. */
import { readFile } from 'node:fs/promises';
import { atomicWriteFile } from '@bursar/shared-core';
import type { OutboxCursor } from '../ports.ts';

export const cursorFile = (path: string): OutboxCursor => ({
  async load() {
    const text = await readFile(path, 'utf8').catch(() => '');
    const height = /^\d{1,15}\n$/.test(text) ? Number(text) : 0; // absent or unreadable: from the beginning, same ids
    return height;
  },
  save: (height) => atomicWriteFile(path, `${height}\n`),
});
