// compose/swarm.yml: what its containers would say of their variables, and what Docker says of the stack.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkVariables, roleVariables } from "../../config/roles.ts";
import { commandExists } from "../../tools/debian.ts";
import { attempt, root } from "../../tools/terminal.ts";
import type { Json } from "../support/kubernetes-objects.ts";
import { parseCompose } from "../support/compose-file.ts";
import { roleOf } from "../support/kubernetes-env.ts";
import { readText } from "./sources.ts";

const { services, ...rest } = parseCompose(await readText("compose/swarm.yml")) as Json;
const files: Readonly<Record<string, string>> = {
  "/run/own/replication_password": "first-of-mine",
  "/run/own/cluster_key": "0123456789abcdef",
  "/run/own/postgres_password": "second-of-mine",
  "/run/own/pool_users": "app:second-of-mine",
  "/etc/postdock/settings": await readText("compose/swarm/settings"),
};

/** A tmpfs is root's, with the mode that the directory has in the image: these may be written by everybody. */
const dockerfiles = await Promise.all(["base", "pgpool"].map((image) => readText(`images/${image}/Dockerfile`)));
const openInImage = [...dockerfiles.join("\n").matchAll(/-m 1777 (\S+)/g)].map((found) => found[1]!);

for (const [name, service] of Object.entries<Json>(services)) {
  test(`the containers of the stack accept their variables: ${name}`, () => {
    const role = roleOf(service.image)!;
    const environment = Object.fromEntries(Object.entries(service.environment).map(([k, v]) => [k, String(v)]));
    const mounted = service.secrets.map((secret: string) => `/run/own/${secret}`);
    const configs = (service.configs ?? []).map((c: { target: string }) => c.target);
    const readFile = (path: string): string => {
      assert.ok([...mounted, ...configs].includes(path), `${path} is not mounted`);
      return files[path]!;
    };
    const check = checkVariables(role, { environment, readFile }, name);
    assert.deepEqual(check.ok ? [] : check.problems.map((p) => p.message), []);
    const known = Object.values(roleVariables[role]).map((v) => v.name);
    const unknown = Object.keys(environment).filter((n) =>
      !known.includes(n) && !known.includes(n.replace(/_FILE$/, ""))
    );
    assert.deepEqual(unknown, []);
  });

  test(`no task of the stack has rights that it does not need, or is killed while it clones: ${name}`, () => {
    const { user, read_only, cap_drop, healthcheck, stop_grace_period, deploy, volumes } = service;
    assert.deepEqual([user, read_only, cap_drop], ["999:999", true, ["ALL"]]);
    const { interval, retries, test } = healthcheck;
    assert.deepEqual(test, ["CMD", "postdock", "healthcheck", "live"]);
    assert.ok(parseInt(interval) * retries >= 60, "a machine that is busy for a minute kills no task");
    assert.equal(stop_grace_period, "15s");
    const temporary = volumes.filter((v: { type: string }) => v.type === "tmpfs").map((v: Json) => v.target);
    const open = ["/dev/shm", "/run", "/tmp", ...openInImage];
    assert.deepEqual(temporary.filter((path: string) => !open.includes(path)), [], "nobody but root may write there");
    // else a deploy after `docker service update`, which sorts them, would replace every task at once
    const order = volumes.map((v: Json) => `${v.source ?? ""} ${v.target}`);
    assert.deepEqual(order, order.toSorted());
    const data = volumes.filter((v: { type: string }) => v.type === "volume");
    if (data.length === 0) return;
    assert.deepEqual([deploy.endpoint_mode, deploy.update_config.order], ["dnsrr", "stop-first"]);
    assert.ok(data[0].source in rest.volumes);
    assert.deepEqual(deploy.placement.constraints, [`node.labels.postdock.${name} == true`]);
  });
}

const docker = await commandExists("docker");

test("Docker accepts the stack", { skip: docker ? false : "there is no docker command here" }, async () => {
  const { code, stderr } = await attempt(["docker", "stack", "config", "-c", "compose/swarm.yml"], {
    timeoutMs: 30_000,
    cwd: root,
  });
  assert.deepEqual([code, stderr], [0, ""]);
});
