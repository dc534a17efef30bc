import assert from "node:assert/strict";
import { test } from "node:test";
import { startView as view } from "../../../tests/support/startup-view.ts";
import { type Broken, countFailure, decideDamaged, sound } from "./broken.ts";

const missing = 'FATAL: could not open file "global/1262": No such file or directory';
const after = (reasons: readonly string[], before: Broken = sound) =>
  reasons.reduce((r, because) => countFailure(because, r.broken), countFailure("", before));

test("the third failure in a row for broken data is a reason to clone, another cause in between is not", () => {
  assert.equal(after([missing, missing]).cloneBecause, null);
  assert.match(after([missing, missing, missing]).cloneBecause!, /3 attempts have shown: FATAL: could not open file/);
  assert.equal(after([missing, missing, "No space left on device", missing]).cloneBecause, null);
  assert.equal(after([missing, missing, missing], { failures: 0, clones: 3 }).cloneBecause, null, "clones do not help");
});

test("damaged data are cloned over only where the primary is of the cluster that the node remembers", () => {
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 2, history: [], origin: null };
  const plan = (changes: object, rememberedSystem = "1") =>
    decideDamaged(view({ primary, ...changes }), { kind: "damaged", why: "no control file", rememberedSystem });
  assert.equal(plan({ cloneBecause: "broken" }).do, "clone");
  assert.equal(plan({ cloneBecause: "broken" }, "").do, "clone", "a node that remembers nothing");
  assert.equal(plan({ cloneBecause: "broken", primary: null }).do, "refuse");
  assert.equal(plan({}).do, "refuse", "the first failures");
  const stranger = plan({ cloneBecause: "broken" }, "2");
  assert.equal(stranger.do, "refuse");
  assert.match(stranger.because, /pgslave1 is of another cluster/);
});
