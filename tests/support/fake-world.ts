// The world of a fake node: its data directory, its server, its partners and the voters of its lease.
import type { Leadership } from "../../core/lease/decide/epoch.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import type { ServerSeen } from "../../roles/postgres-node/decide/server-seen.ts";
import type { OwnData } from "../../roles/postgres-node/decide/view.ts";
import type { ChildExit } from "../../core/runtime/supervisor.ts";
import type { Doors } from "../../roles/postgres-node/doors.ts";
import * as fake from "./fake-cluster.ts";
import { answerOf, cluster, controlData, firstLeadership, says, server, soundRole } from "./fake-cluster.ts";

/** The state of the world, which a test changes as it runs. */
export class World {
  data: OwnData = cluster();
  hidingFile: string | null = null; // it hides WAL, as long as no start has removed it
  freeBytes = 1e10;
  kept: { names: string[]; bytes: number; freeShare: number } | null = null; // of the data from before a restore
  server: Omit<ServerSeen, "atMs"> | null = server(); // what it says while it runs; null: it does not answer
  others = new Map<string, NodeStatus>([["pg2", says("pg2")], ["pg3", says("pg3")]]);
  grants = true; // the voters grant the lease
  held = false;
  leaderships: readonly Leadership[] = [firstLeadership]; // what the voters have said of earlier ones
  grantedBy: string | null = null; // another voter that has granted an epoch
  epoch: number | null = null; // it was reserved last
  nextTimeline = 2; // the number that the next promotion takes
  newestTimeline = 1; // the highest that has a history file
  says: readonly string[] = []; // what the server prints at each start
  roles = ["postgres", "replication_user"].map(soundRole);
  survives = false; // processes of the server cannot be ended
  readonly did: string[] = []; // what the node did, in order
  readonly broken = new Set<string>(); // doors that throw, by the word that they would note
  control = controlData();
  answer: (host: string, path: string) => object = (host) => {
    const lease = { ...says(host).lease, held: true };
    this.others.set(host, says(host, { lease }, { standby: false, timeline: 2, upstream: null }));
    return { ok: true, because: "primary on timeline 2" };
  }; // to a signed order: a node that is asked to take over does
  atTarget = false; // a recovery from a backup waits there
  exhausted = false; // it has read all WAL
  private written = ""; // synchronous_standby_names in the configuration file
  private running: { end: (exit: ChildExit) => void } | null = null;

  /** Notes what was done; throws if that door is broken. */
  note(word: string): void {
    if (this.broken.has(word)) throw new Error(`${word} does not work`);
    this.did.push(word);
  }

  start(): { process: ReturnType<Doors["server"]["start"]> } {
    this.note("start");
    let exit: ChildExit | null = null;
    const exited = new Promise<ChildExit>((resolve) => {
      this.running = {
        end: (how) => {
          exit = how;
          this.running = null;
          resolve(how);
        },
      };
    });
    const process = {
      running: () => exit === null,
      lastExit: () => exit,
      exited: () => exited,
      silent: () => Promise.resolve(),
      stop: (steps?: readonly { signal: string }[]) => {
        if (exit === null) this.note(`stop ${steps?.[0]?.signal}`);
        this.end({ code: 0, signal: null, livedMs: 0 });
        return Promise.resolve();
      },
    };
    return { process };
  }

  /** The standbys that stream from this node go over to its new timeline. */
  private follow(): void {
    for (const [host, status] of this.others) {
      const { postgres } = status;
      if (postgres.upstream?.host !== "pg1" || !postgres.upstream.streaming) continue;
      this.others.set(host, { ...status, postgres: { ...postgres, timeline: this.nextTimeline } });
    }
  }

  get runs(): boolean {
    return this.running !== null;
  }

  /** The server ends, by itself or by a signal. */
  end(exit: ChildExit): void {
    this.running?.end(exit);
  }

  doors(): Doors {
    const done = (word: string) => Promise.resolve().then(() => this.note(word));
    return {
      data: {
        look: () => Promise.resolve(this.data),
        uncover: () => Promise.resolve(void (this.hidingFile = null)),
        hidingFile: () => Promise.resolve(this.hidingFile),
        newestWal: () => Promise.resolve(null),
        freeRoom: () => done("free room").then(() => this.broken.has("more room") ? 6e7 : (this.freeBytes = 2e9, null)),
        keepReserve: () => Promise.resolve(),
        room: () => Promise.resolve({ freeBytes: this.freeBytes, totalBytes: 2e10 }),
        control: () => Promise.resolve(this.control),
        recoverAlone: () => done("recover alone").then(() => null, (error: Error) => error.message),
        origin: () => Promise.resolve(null),
        bootstrap: () => done("bootstrap").then(() => void (this.data = cluster())),
        clone: (from) => done(`clone ${from}`).then(() => void (this.data = cluster({ wasPrimary: false }))),
        rewind: (to) => done(`rewind ${to}`).then(() => ({ failed: null, fetched: 0 })),
        fetchWal: () => Promise.resolve({ ok: false, because: "no rewind is under way" }),
        recoveryWal: () => ({ exhausted: this.exhausted, trouble: null }),
        barmanIsAt: (hosts) => void this.did.push(`barman at ${hosts.join()}`),
        restore: ({ id, backup }) => done(`restore ${backup}`).then(() => void (this.data = cluster({ restored: id }))),
        noPlaceFor: () => Promise.resolve(null),
        undoRestore: (id) => done(`undo ${id}`).then(() => void (this.data = cluster())),
        endRecovery: () => done("end recovery"),
        endRestore: () => done("end restore"),
        kept: () => Promise.resolve(this.kept),
        forgetReplaced: () => done("forget replaced").then(() => ((this.kept = null), [])),
        finishMove: () => done("finish move"),
        discardBootstrap: () => done("discard bootstrap"),
        clearLeftovers: () => Promise.resolve(),
        forgetStandbys: () => done("forget standbys"),
        prepareStart: (as) => {
          if ("primary" in as) {
            this.server = server();
            return done("prepare primary");
          }
          const upstream = as.upstream === null ? null : { host: as.upstream, port: 5432, streaming: true };
          this.server = server({ standby: true, upstream });
          return done(`prepare standby of ${as.upstream ?? "nobody"}`);
        },
        newestTimeline: () => Promise.resolve(this.newestTimeline),
        makeNextTimeline: (_own, wanted) =>
          done(`next timeline ${wanted}`).then(() => void (this.nextTimeline = wanted)),
        writeUpstream: (upstream) => done(`follow ${upstream}`),
        writeSyncNames: (names) => done(`wait for ${names}`).then(() => void (this.written = names)),
        writeStandbySlots: (names) => done(`standby slots ${names}`),
        writeLockFiles: () => done("lock files"),
        ...fake.soundFiles,
      },
      server: {
        clearStale: () => Promise.resolve(),
        start: (heard) => {
          const { process } = this.start();
          for (const line of this.says) heard(line);
          return process;
        },
        look: () =>
          this.server !== null && this.runs ? Promise.resolve(this.server) : Promise.reject(new Error("no answer")),
        processes: () => this.runs ? 1 : 0,
        isStartup: () => true,
        end: () => {
          if (this.survives) return Promise.resolve(false);
          if (this.runs) this.note("end");
          this.end({ code: null, signal: "SIGQUIT", livedMs: 0 });
          return Promise.resolve(true);
        },
        promote: () =>
          done("promote").then(() => {
            const timeline = this.nextTimeline;
            this.server = { ...this.server!, standby: false, timeline };
            this.data = cluster({ position: { timeline, lsn: this.server.lsn ?? "0/3000000" } });
            this.follow();
          }),
        recovery: () =>
          Promise.resolve({ replayLsn: this.server?.lsn ?? null, paused: this.atTarget, segmentBytes: 2 ** 24 }),
        checkpoint: () => done("checkpoint"),
        firstCheckpoint: () => done("first checkpoint").then(() => true),
        switchWal: () => done("switch WAL"),
        reload: () => {
          if (this.server !== null) this.server = { ...this.server, syncNames: this.written };
          return done("reload");
        },
        slots: () => done("slots").then(() => []),
        failoverSlots: () => Promise.resolve({ slots: [], standbySlots: "" }),
        dropSlot: (name) => done(`drop ${name}`),
        roles: () => Promise.resolve(this.roles),
        setRole: ({ name }) => done(`set role ${name}`),
        ...fake.soundSettings,
      },
      repmgr: {
        registerPrimary: () => done("register primary").then(() => true),
        forget: (ids) => done(`forget ${ids.join()}`),
        registerStandby: () => done("register standby").then(() => true),
        paused: () => Promise.resolve(false),
        unpause: () => done("unpause"),
        startDaemon: () => ({ running: () => true, held: () => null, stop: () => Promise.resolve() }),
      },
      others: {
        ask: (host) => Promise.resolve(answerOf(host, this.others.get(host))),
        addresses: () => ({}),
        wayTo: (host) => ({ host }),
        isSilent: () => false,
        answers: () => Promise.resolve(true),
        grantedEpoch: () => Promise.resolve(this.grantedBy),
        ensureSlot: (upstream) => done(`slot on ${upstream}`).then(() => true),
        failoverSlots: () => Promise.resolve(["sub"]),
        timelines: () => Promise.resolve({ history: [{ timeline: 1, endLsn: "0/3000000" }], origin: null }),
      },
      pods: { read: () => Promise.resolve(null), label: () => Promise.resolve(true) },
    };
  }
}
