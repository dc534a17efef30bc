// The lease of a fake node: its voters grant it if the test says so.
import type { NodeLease } from "../../roles/postgres-node/node.ts";
import type { World } from "./fake-world.ts";

/** The lease of a node in this world. */
export function fakeLease(world: World): NodeLease {
  let alone = false;
  return {
    mode: { on: true },
    held: () => world.held,
    remainingMs: () => world.held ? 4_000 : 0,
    term: () => 1,
    epoch: () => world.held ? world.epoch : null,
    reserveEpoch: (known) =>
      Promise.resolve().then(() => {
        world.note(`reserve above ${known}`);
        return world.epoch = known + 1;
      }),
    adoptEpoch: (epoch) => Promise.resolve().then(() => world.note(`adopt ${epoch}`)),
    leaderships: () => world.leaderships,
    refusalTexts: () => [],
    retryMs: 200,
    acquire: () => {
      world.held ||= world.grants;
      return Promise.resolve(
        world.held ? { held: true } : { held: false, because: "granted to pg2", retryMs: 200 },
      );
    },
    release: (_because, heir) => {
      if (world.held) world.note(heir ? `release to ${heir}` : "release");
      world.held = false;
      return Promise.resolve();
    },
    arm: () => {},
    disarm: () => Promise.resolve(),
    force: () => {
      world.note("force");
      alone = true;
    },
    unforce: () => {
      world.note("unforce");
      alone = !world.grants;
      if (world.grants) world.epoch = null;
      return Promise.resolve(world.grants);
    },
    alone: () => alone,
    standDown: () => {
      world.note("stand down");
      alone = false;
    },
  };
}
