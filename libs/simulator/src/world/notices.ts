/** FinalNotices: whoever is behind learns of it, and then asks. */
import { isFinalKind } from '@bursar/membership';
import type { Certificate } from '@bursar/protocol';
import type { Surroundings } from './cell.ts';
import type { StorageDouble } from './storage.ts';

const NOTICE_MS = 700;

export class Notices {
  readonly #around: Surroundings;
  readonly #storage: StorageDouble;
  readonly #later: (delay: number, run: () => void) => void;

  /** @param later runs it unless the validator has crashed meanwhile */
  constructor(around: Surroundings, storage: StorageDouble, later: (delay: number, run: () => void) => void) {
    this.#around = around;
    this.#storage = storage;
    this.#later = later;
  }
  /** To everybody, from now on. */
  start(): void {
    const { genesis, params } = this.#around;
    for (let to = 0; to < genesis.validators; to++) if (to !== params.self) this.tell(to);
    this.#later(NOTICE_MS, () => this.start());
  }
  tell(to: number): void {
    const certificate = this.#storage.at(this.#storage.height)?.certificate;
    if (certificate !== undefined) this.#around.send(to, { kind: 'notice', certificate });
  }
  /** Whether one that came shows that we are behind. */
  isNews(certificate: Certificate): boolean {
    const { kind, height } = certificate;
    return height > this.#storage.height && isFinalKind(kind) && this.#around.checkCertificate(certificate);
  }
}
