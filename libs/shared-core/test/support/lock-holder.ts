/** Holds the lock of a folder until its input ends; with `once` it only says whether it got it. */
import { lockFolder } from '../../src/index.ts';

const [dir = '', once] = process.argv.slice(2);
try {
  await lockFolder(dir);
  console.log('locked');
  if (once) process.exit(0);
  process.stdin.resume();
} catch (error) {
  console.log((error as Error).message);
}
