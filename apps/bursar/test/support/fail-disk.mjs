// Preloaded into a service: from the moment that the file FAIL_DISK_WHEN exists, FAIL_DISK (`datasync EIO`) fails once and for all.
// Every file operation after the failure is written down behind that file's name: a service must do none.
import { appendFileSync, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';

const [operation, code] = process.env.FAIL_DISK.split(' ');
const when = process.env.FAIL_DISK_WHEN;
const probe = await open('/dev/null');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
let failed;
for (const name of ['write', 'datasync']) {
  const real = prototype[name];
  prototype[name] = async function (...args) {
    if (failed === this.fd) appendFileSync(`${when}.after`, `${name}\n`);
    if (name === operation && existsSync(when)) {
      failed = this.fd;
      throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
    }
    return real.apply(this, args);
  };
}
