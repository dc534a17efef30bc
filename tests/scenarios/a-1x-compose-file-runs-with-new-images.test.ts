// Promise: people who run 1.x change the image names and nothing else. The file below is written as 1.x deployments are: Compose
// format 2, its variables and delimiters, settings of older versions, the old probe as healthcheck.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureCompose } from "../../tools/engine.ts";
import { attempt, execute, root } from "../../tools/terminal.ts";
import { executable, prefix } from "../support/cluster.ts";
import { docker, exec, logsOf, tryExec } from "../support/docker.ts";

const extra = executable ? `\n            - ${executable}:/usr/local/bin/postdock:ro` : "";

const node = (host: string, id: number, upstream: string, more: string) => `
    ${host}:
        image: postdock/postgres:latest
        environment:
            NODE_ID: ${id}
            NODE_NAME: node${id}
            CLUSTER_NODE_NETWORK_NAME: ${host}
            NODE_PRIORITY: 100
            CLUSTER_NAME: pg_cluster
            REPLICATION_DB: replication_db
            REPLICATION_USER: replication_user
            REPLICATION_PASSWORD: replication_pass
            REPLICATION_PRIMARY_HOST: ${upstream}
            CLEAN_OVER_REWIND: 0
            CONFIGS_DELIMITER_SYMBOL: ;
            CONFIGS: "listen_addresses:'*';max_replication_slots:5;wal_keep_segments:20"
${more}
        healthcheck:
            test: ["CMD", "/usr/local/bin/cluster/healthcheck/is_major_master.sh"]
            interval: 30s
        expose:
            - 5432
        volumes:
            - ${host}:/var/lib/postgresql/data${extra}
        networks:
            cluster:
                aliases:
                    - ${host}`;

const compose = `version: '2'
networks:
    cluster:
        driver: bridge
volumes:
    pgmaster:
    pgslave1:
    pgslave2:
    backup:
services:${
  node(
    "pgmaster",
    1,
    "pgmaster",
    `            PARTNER_NODES: "pgmaster,pgslave1"
            POSTGRES_PASSWORD: monkey_pass
            POSTGRES_USER: monkey_user
            POSTGRES_DB: monkey_db`,
  )
}${node("pgslave1", 2, "pgmaster", `            PARTNER_NODES: "pgmaster,pgslave1"`)}${
  node("pgslave2", 3, "pgslave1", `            RECONNECT_ATTEMPTS: 3`)
}
    backup:
        image: postdock/barman:latest
        environment:
            REPLICATION_USER: replication_user
            REPLICATION_PASSWORD: replication_pass
            REPLICATION_HOST: pgmaster
            POSTGRES_PASSWORD: monkey_pass
            POSTGRES_USER: monkey_user
            POSTGRES_DB: monkey_db
            BACKUP_SCHEDULE: "*/30 */5 * * *"
        volumes:
            - backup:/var/backups${extra}
        networks:
            cluster:
                aliases:
                    - backup
    pgpool:
        image: postdock/pgpool:latest
        environment:
            PCP_USER: pcp_user
            PCP_PASSWORD: pcp_pass
            WAIT_BACKEND_TIMEOUT: 60
            CHECK_USER: monkey_user
            CHECK_PASSWORD: monkey_pass
            CHECK_PGCONNECT_TIMEOUT: 3
            DB_USERS: monkey_user:monkey_pass
            BACKENDS: "0:pgmaster:5432:1:/var/lib/postgresql/data:ALLOW_TO_FAILOVER,1:pgslave1::::,2:pgslave2::::"
            REQUIRE_MIN_BACKENDS: 2
            CONFIGS: "num_init_children:20,max_pool:4"
        volumes:
            - /dev/null:/unused${extra}
        networks:
            cluster:
                aliases:
                    - pgpool
`;

for (const version of ["v1", "v2"] as const) {
  test(`a compose file of 1.x with the new image names runs (${version})`, async () => {
    const program = await ensureCompose(version);
    const directory = join(root, "tests", ".work");
    await mkdir(directory, { recursive: true });
    const file = join(directory, `legacy-${version}.yml`);
    await writeFile(file, compose);
    const project = `${prefix}-legacy-${version}`;
    const run = (...args: string[]) =>
      execute([...program, "-p", project, "-f", file, ...args], { timeoutMs: 180_000 });
    const containerOf = async (service: string) => {
      const labels = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${service}`];
      return (await docker(["ps", "-aq", ...labels.flatMap((l) => ["--filter", `label=${l}`])])).trim();
    };
    try {
      await run("down", "--timeout", "0", "--volumes"); // left by an interrupted run
      await run("up", "-d");
      const pool = await containerOf("pgpool");
      const through =
        "PGPASSWORD=$CHECK_PASSWORD psql -U $CHECK_USER -h localhost -Atc 'select count(*) from pg_stat_replication' monkey_db";
      await waitUntil(async () => (await exec(pool, ["bash", "-c", through]).catch(() => "")).trim() >= "2", {
        what: "pgpool to serve a primary with its standby and barman",
        deadlineMs: 120_000,
        everyMs: 1_000,
      }, { clock: systemClock });
      const passes = async (container: string, ...probe: string[]) => {
        let said = "";
        const ok = async () => {
          const { code, stdout, stderr } = await tryExec(container, probe);
          said = stdout + stderr;
          return code === 0;
        };
        const wait = { what: `${probe[0]} to pass`, deadlineMs: 60_000, everyMs: 1_000, why: () => said };
        await waitUntil(ok, wait, { clock: systemClock });
      };
      await passes(pool, "/usr/local/bin/pgpool/has_write_node.sh");
      await passes(pool, "/usr/local/bin/pgpool/has_enough_backends.sh", "2");
      await passes(await containerOf("pgmaster"), "/usr/local/bin/cluster/healthcheck/is_major_master.sh");
      const log = await logsOf(await containerOf("pgmaster"));
      assert.match(log, /wal_keep_segments.*wal_keep_size/, "the old setting is named with the new one");
      assert.doesNotMatch(log, /has ended PostgreSQL/, "two nodes have no lease, and no fence acts without one");
      await waitUntil(
        async () => {
          const shown = await exec(await containerOf("pgmaster"), ["gosu", "postgres", "repmgr", "cluster", "show"])
            .catch(() => "");
          return shown.includes("node3");
        },
        { what: "node3 in repmgr cluster show", deadlineMs: 60_000, everyMs: 1_000 },
        { clock: systemClock },
      );
    } finally {
      await run("down", "--timeout", "0", "--volumes");
    }
  });
}

test("a data directory of 1.x is adopted, whose first superuser is POSTGRES_USER", async () => {
  const name = `${prefix}-legacy-data`;
  const remove = async () => {
    await attempt(["docker", "rm", "--force", "--volumes", name], { timeoutMs: 60_000 });
    await attempt(["docker", "volume", "rm", "--force", name], { timeoutMs: 60_000 });
  };
  const make = `chown postgres $PGDATA && chmod 0700 $PGDATA && cd $PGDATA
gosu postgres initdb --username=monkey_user --auth-local=trust --auth-host=md5 >&2
gosu postgres pg_ctl -w start >&2
gosu postgres psql -q -U monkey_user -d postgres -c 'create table old as select 1 as id'
gosu postgres pg_ctl -w stop >&2`;
  const volume = ["--volume", `${name}:/var/lib/postgresql/data`];
  const image = "postdock/postgres:latest";
  try {
    await remove(); // left by an interrupted run
    await docker(["run", "--rm", ...volume, "--entrypoint", "bash", image, "-ec", make]);
    const environment = {
      NODE_ID: "1",
      NODE_NAME: "node1",
      CLUSTER_NODE_NETWORK_NAME: name,
      POSTGRES_USER: "monkey_user",
      POSTGRES_PASSWORD: "monkey_pass",
      REPLICATION_PASSWORD: "replication_pass",
    };
    const given = Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
    const own = executable ? ["--volume", `${executable}:/usr/local/bin/postdock:ro`] : [];
    await docker(["run", "--detach", "--name", name, "--hostname", name, ...volume, ...own, ...given, image]);
    let said = "";
    const serves = async () => {
      const asked = await tryExec(name, ["gosu", "postgres", "psql", "-Atc", "select count(*) from old", "postgres"]);
      said = asked.stderr;
      return asked.stdout.trim() === "1";
    };
    const what = "the old data, to the role that the agent and 1.x' runbooks use";
    await waitUntil(serves, { what, deadlineMs: 60_000, everyMs: 1_000, why: () => said }, { clock: systemClock });
    assert.match(await logsOf(name), /A role was set right.*"role":"postgres"/);
  } finally {
    await remove();
  }
});
