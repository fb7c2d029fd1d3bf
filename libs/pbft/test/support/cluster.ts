import {
  type Block,
  batchRefsDigest,
  type Certificate,
  type Digest,
  decode,
  digest,
  type Evidence,
  type EvidenceKind,
  fromHex,
  type Message,
  type SignedVote,
} from '@bursar/protocol';
import {
  checkMessage,
  Driver,
  type Effect,
  type Input,
  initialState,
  type LogRecord,
  logRecord,
  type Ports,
  recover,
  type Start,
  type Step,
  startAfter,
} from '../../src/index.ts';
import { fakeSignature, fakeVerifier, type World } from './network.ts';

interface Event {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

export interface Node {
  readonly index: number;
  driver: Driver;
  /** Raised by a crash: what was under way for an older one never comes back. */
  life: number;
  alive: boolean;
  log: Uint8Array[];
  synced: number;
  rows: SignedVote[];
  blocks: { block: Block; certificate: Certificate; stateRoot: Digest; resultsRoot: Digest }[];
  halts: string[];
  rejects: Extract<Effect, { type: 'reject' }>[];
  transitions: Extract<Effect, { type: 'transition' }>[];
  accused: { evidence: Evidence; kind: EvidenceKind }[];
  syncs: number;
}

/** Validators around the shipped driver, on a network and disks with fixed delays; a call may be dropped or held by `filter`. */
export class Cluster {
  now = 2_000_000;
  #number = 0;
  #events: Event[] = [];
  readonly nodes: Node[] = [];
  /** False: the message is lost. */
  filter: (from: number, to: number, message: Message) => boolean = () => true;
  readonly world: World;
  readonly sent: { from: number; message: Message }[] = [];

  constructor(world: World) {
    this.world = world;
    for (const { index } of world.set.validators) {
      this.nodes.push({
        index,
        driver: undefined as never,
        life: 0,
        alive: true,
        log: [],
        synced: 0,
        rows: [],
        blocks: [],
        halts: [],
        rejects: [],
        transitions: [],
        accused: [],
        syncs: 0,
      });
    }
    for (const node of this.nodes) this.#boot(node, { state: initialState(world.params(node.index), world.start), effects: [] });
  }

  node(i: number): Node {
    return this.nodes[i] as Node;
  }
  after(ms: number, run: () => void): void {
    this.#events.push({ at: this.now + ms, number: this.#number++, run });
  }
  feed(i: number, input: Input): void {
    this.node(i).driver.handle(input);
  }
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let next: Event | undefined;
      for (const e of this.#events)
        if (e.at <= end && (next === undefined || e.at < next.at || (e.at === next.at && e.number < next.number))) next = e;
      if (next === undefined) break;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
  crash(i: number): void {
    const node = this.node(i);
    node.alive = false;
    node.life++;
    node.log.length = node.synced;
  }
  restart(i: number): void {
    const node = this.node(i);
    node.alive = true;
    const records = node.log.map((bytes): LogRecord => decode(logRecord, bytes));
    const from = recover(this.world.params(i), this.startOf(node), records, node.rows);
    if ('type' in from) node.halts.push(from.reason);
    else this.#boot(node, from);
  }
  startOf(node: Node): Start {
    const newest = node.blocks.at(-1);
    if (newest === undefined) return this.world.start;
    const blocks = node.blocks.map((b) => b.block);
    return startAfter(this.world.start, blocks, newest.certificate, newest.stateRoot, newest.resultsRoot);
  }
  #boot(node: Node, from: Step): void {
    node.driver = new Driver(this.world.params(node.index), from, this.#ports(node));
    const { life } = node;
    this.after(0, () => node.life === life && node.driver.start());
  }
  #deliver(from: number, to: number, message: Message): void {
    if (!this.filter(from, to, message)) return;
    const node = this.node(to);
    this.after(10, () => {
      if (!node.alive) return;
      const wrong = checkMessage(this.world.set, this.world.chain, message, fakeVerifier(this.world.set));
      if (wrong !== undefined) throw new Error(`validator ${from} sent a ${message.kind} with ${wrong}`);
      node.driver.handle({ type: 'message', message });
    });
  }

  #ports(node: Node): Ports {
    const { index } = node;
    const { life } = node;
    const later = (ms: number, run: () => void): void => this.after(ms, () => node.life === life && node.alive && run());
    let wakeNumber = 0;
    return {
      now: () => this.now,
      wake: (atMs) => {
        const mine = ++wakeNumber;
        later(Math.max(0, atMs - this.now), () => mine === wakeNumber && node.driver.handle({ type: 'tick' }));
      },
      log: {
        append: (record) => void node.log.push(record),
        sync: (done) => {
          const upTo = node.log.length;
          node.syncs++;
          later(1, () => {
            node.synced = Math.max(node.synced, upTo);
            done();
          });
        },
        compact: () => {},
      },
      sign: (vote, done) =>
        later(1, () => {
          const { height, view, phase } = vote;
          const same = node.rows.find((r) => r.vote.height === height && r.vote.view === view && r.vote.phase === phase);
          if (same !== undefined && same.vote.digest !== vote.digest) return done(undefined);
          const left = node.rows.some((r) => r.vote.height === height && r.vote.phase === 'view-change' && r.vote.view > view);
          if (left && same === undefined && (phase === 'prepare' || phase === 'commit')) return done(undefined);
          const signature = fakeSignature(index, vote);
          if (same === undefined) node.rows.push({ vote, validator: index, signature });
          done(signature);
        }),
      network: {
        broadcast: (message) => {
          this.sent.push({ from: index, message });
          for (const other of this.nodes) if (other !== node) this.#deliver(index, other.index, message);
        },
        notify: (to) => {
          const height = node.blocks.length;
          const certificate = node.blocks.at(-1)?.certificate;
          this.after(10, () => this.node(to).alive && this.node(to).driver.handle({ type: 'notice', from: index, height, certificate }));
        },
      },
      obtain: (_block, _from, done) => later(5, done),
      fetchBlock: (_height, wanted, from, done) =>
        later(20, () => {
          for (const i of from) {
            const found = this.node(i).alive ? this.node(i).driver.proposal(wanted) : undefined;
            if (found !== undefined) return done(found);
          }
        }),
      fetchViewChange: ({ height, view, validator, digest: wanted, from }, done) =>
        later(20, () => {
          for (const i of from) {
            const found = this.node(i).alive ? this.node(i).driver.viewChange(height, view, validator, wanted) : undefined;
            if (found !== undefined) return done(found);
          }
        }),
      catchUp: (height, from, done) =>
        later(20, () => {
          const peer = from.map((i) => this.node(i)).find((p) => p.alive && p.blocks.length >= height);
          const news = peer?.blocks.slice(node.blocks.length) ?? [];
          node.blocks.push(...news);
          if (news.length > 0)
            done(
              news.map((b) => b.certificate),
              this.startOf(node),
            );
        }),
      commit: (block, certificate, done) =>
        later(2, () => {
          const { height } = block.header;
          if (height === node.blocks.length + 1) {
            const before = node.blocks.at(-1)?.stateRoot ?? this.world.start.stateRoot;
            const stateRoot = digest('test/state', fromHex(before), fromHex(certificate.digest));
            node.blocks.push({
              block,
              certificate,
              stateRoot,
              resultsRoot: digest('test/results', fromHex(batchRefsDigest(block.batches))),
            });
          }
          const stored = node.blocks[height - 1];
          if (stored !== undefined) done(stored.stateRoot, stored.resultsRoot);
        }),
      accuse: (evidence, kind) => void node.accused.push({ evidence, kind }),
      observe: { reject: (e) => void node.rejects.push(e), transition: (e) => void node.transitions.push(e) },
      halt: (name, reason) => void node.halts.push(`${name}: ${reason}`),
    };
  }
}
