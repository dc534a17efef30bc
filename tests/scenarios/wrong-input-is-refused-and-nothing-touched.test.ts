// Promise: input with which a node cannot start is named and refused, with the fix and a documented exit code, and nothing is
// changed.
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { clusterKeys } from "../../core/protocol/signing.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { attempt, root } from "../../tools/terminal.ts";
import { executableMount, prefix } from "../support/cluster.ts";
import { madeCertificates, tlsInside, tlsSettings } from "../support/certificates.ts";
import { docker, exec, logsOf, stateOf, tryExec } from "../support/docker.ts";

const tag = process.env.POSTDOCK_TAG || "latest";
const image = `postdock/postgres:${tag}`;
const network = `${prefix}-wrong`;
const volumes = ["first", "second", "odd", "fresh", "owned"].map((name) => `${prefix}-wrong-${name}`);
const [first, second, odd, fresh, owned] = volumes as [string, string, string, string, string];
const password = "a-s3cr3t-of-this-test";
const data = "/var/lib/postgresql/data";
const containers: string[] = [];

after(async () => {
  for (const name of containers) await attempt(["docker", "rm", "-fv", name], { timeoutMs: 60_000 });
  for (const name of volumes) await attempt(["docker", "volume", "rm", name], { timeoutMs: 60_000 });
  await attempt(["docker", "network", "rm", network], { timeoutMs: 60_000 });
});

interface Run {
  name: string;
  env?: Record<string, string>;
  flags?: string[];
}

async function run({ name, env = {}, flags = [] }: Run): Promise<string> {
  const container = `${prefix}-wrong-${name}`;
  containers.push(container);
  await attempt(["docker", "network", "create", network], { timeoutMs: 60_000 });
  await attempt(["docker", "rm", "-fv", container], { timeoutMs: 60_000 });
  const all = {
    NODE_ID: "1",
    NODE_NAME: "node1",
    POSTGRES_PASSWORD: password,
    CLUSTER_NODE_NETWORK_NAME: name,
    ...env,
  };
  const given = Object.entries(all).flatMap(([k, v]) => ["-e", `${k}=${v}`]);
  const argv = [
    "run",
    "-d",
    "--name",
    container,
    "--network",
    network,
    "--network-alias",
    name,
    ...given,
    ...executableMount,
  ];
  await docker([...argv, ...flags, image]);
  return container;
}

/** Checks that the container ends with this code, logs this, and logs no secret. */
async function refused(options: Run, code: number, said: RegExp): Promise<void> {
  const container = await run(options);
  await docker(["wait", container], 60_000);
  const log = await logsOf(container);
  assert.match(log, said);
  assert.ok(!log.includes(password), "the password is in the log");
  assert.doesNotMatch(log, /making a fresh cluster/, "it was refused before anything was made");
  assert.equal((await stateOf(container)).exitCode, code, log.split("\n").slice(-3).join("\n"));
}

/** Checks that the container ends with an error after its tries, and logs this. */
async function fails(options: Run, said: RegExp): Promise<void> {
  const container = await run(options);
  await docker(["wait", container], 60_000);
  const log = await logsOf(container);
  assert.match(log, said);
  assert.doesNotMatch(log, new RegExp(`wrong-secret|${password}`));
  assert.notEqual((await stateOf(container)).exitCode, 0);
}

/** Checks that the node goes on trying, counts as unhealthy for this reason, is restarted for it or not, and stops in order. */
async function unhealthy(options: Run, because: RegExp, restart: "restart" | "no restart"): Promise<void> {
  const container = await run(options);
  let last = "";
  const says = async () => {
    const { code, stdout } = await tryExec(container, ["postdock", "healthcheck", "live"]);
    return code === (restart === "restart" ? 1 : 0) && because.test(last = stdout);
  };
  await waitUntil(says, { what: `${container} to be unhealthy`, deadlineMs: 60_000, why: () => last }, {
    clock: systemClock,
  });
  await docker(["stop", "--time", "30", container]);
  assert.doesNotMatch(await logsOf(container), new RegExp(`wrong-secret|${password}`));
  assert.equal((await stateOf(container)).exitCode, 0);
}

/** Every file of a volume with its checksum, without what the agent itself keeps there. */
async function fingerprint(volume: string): Promise<string> {
  const script = `cd ${data} && find . -path ./pgsql_tmp.postdock -prune -o -type f -exec md5sum {} + | sort -k 2`;
  return await docker(["run", "--rm", "-v", `${volume}:${data}`, "--entrypoint", "bash", image, "-c", script]);
}

const fill = (volume: string, script: string) =>
  docker(["run", "--rm", "-v", `${volume}:${data}`, "--entrypoint", "bash", image, "-c", `cd ${data} && ${script}`]);

test("the data of another cluster is refused with both system identifiers", async () => {
  const one = await run({ name: "one", flags: ["-v", `${first}:${data}`] });
  const two = await run({ name: "two", flags: ["-v", `${second}:${data}`] });
  await exec(one, ["wait_local_postgres"], 60_000);
  await exec(two, ["wait_local_postgres"], 60_000);
  await docker(["stop", "--time", "30", two]);
  const before = await fingerprint(second);
  const env = { NODE_ID: "2", NODE_NAME: "node2", REPLICATION_PRIMARY_HOST: "one" };
  await refused(
    { name: "strayed", env, flags: ["-v", `${second}:${data}`] },
    77,
    /this node and one belong to two clusters: .*\d{15,} here and \d{15,} on one/,
  );
  assert.match(before, /global\/pg_control/);
  assert.equal(await fingerprint(second), before, "nothing was touched");
});

test("a container without what its role needs is refused at once, in every image, and nothing is made", async () => {
  const one = `${prefix}-wrong-one`; // it runs since the first test
  const environment = { NODE_ID: "1", NODE_NAME: "node1", POSTGRES_PASSWORD: password, REPLICATION_HOST: "one" };
  const given = Object.entries({ ...environment, POSTGRES_USER: "u", POSTGRES_DB: "d" });
  const shared = ["--network", `container:${one}`];
  // on one family of addresses, and not on all of them
  const narrow = `${prefix}-wrong-narrow`;
  containers.push(narrow);
  const listen = 'my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:8080") or die; sleep 600';
  await docker(["run", "-d", "--name", narrow, "--entrypoint", "perl", image, "-MIO::Socket::INET", "-e", listen]);
  const listens = () =>
    tryExec(narrow, ["grep", "-q", "0100007F:1F90", "/proc/net/tcp"]).then(({ code }) => code === 0);
  await waitUntil(listens, { what: "a listener on 127.0.0.1", deadlineMs: 60_000 }, { clock: systemClock });
  const table: [string[], RegExp][] = [
    [["--user", "200"], /it runs as uid 200, which has no name .*run it as uid 999/],
    [
      ["--user", "1234:1234"],
      /\/run\/postdock may not be written \(EACCES\).*start the container as root .*of group 0/,
    ],
    [["--read-only"], /\/run\/postdock is on a file system that is read-only.*a tmpfs at \/run/],
    [["--cap-drop", "ALL"], /it lacks the capabilities CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID/],
    [["-e", "ON_EVENT_COMMAND=/bin/nonexist"], /ON_EVENT_COMMAND names \/bin\/nonexist, which is not a program/],
    [shared, /port 8080, on which HTTP listens, is taken at .*set POSTDOCK_PORT/],
    [
      ["--network", `container:${narrow}`],
      /port 8080, on which HTTP listens, is taken at 127\.0\.0\.1.*set POSTDOCK_PORT/,
    ],
  ];
  for (const [flags, said] of table) {
    for (const kind of ["postgres", "pgpool", "barman"]) {
      const argv = [
        "docker",
        "run",
        "--rm",
        ...flags,
        ...given.flatMap(([k, v]) => ["-e", `${k}=${v}`]),
        ...executableMount,
      ];
      const since = systemClock.nowMs();
      const { code, stdout, stderr } = await attempt([...argv, `postdock/${kind}:${tag}`], { timeoutMs: 60_000 });
      const where = `${kind} ${flags.join(" ")}: ${stdout}${stderr}`;
      assert.equal(code, 78, where);
      assert.match(stdout + stderr, said, where);
      assert.doesNotMatch(stdout + stderr, /a bug|"event":"(Process started|Output)"/, where);
      assert.ok(systemClock.nowMs() - since < 15_000, `it took ${systemClock.nowMs() - since} ms: ${where}`);
    }
  }
});

test("a volume of another owner is refused with both owners and the ways out, and its owner may use it", async () => {
  const mounted = ["-v", `${owned}:${data}`];
  // the engine gives a volume that is empty the owner of the directory in the image
  await fill(owned, "mkdir -m 700 mine && chown 5000:5000 mine");
  const env = { PGDATA: `${data}/mine` };
  const stranger = { name: "stranger", env, flags: ["--user", "12345:0", "--cap-drop", "ALL", ...mounted] };
  await refused(
    stranger,
    78,
    /mine belongs to uid 5000\. .*uid 12345.*`chown -R 12345:0 DIRECTORY`.*user: \\"5000:0\\"/,
  );
  const owner = await run({ name: "owner", env, flags: ["--user", "5000:0", "--cap-drop", "ALL", ...mounted] });
  await exec(owner, ["wait_local_postgres"], 60_000);
  assert.match(await exec(owner, ["stat", "-c", "%u %n", `${data}/mine/PG_VERSION`]), /^5000 /);
  await docker(["rm", "-fv", owner]);
});

test("a second node with the NODE_ID or the NODE_NAME of a running one does not start", async () => {
  const env = { REPLICATION_PRIMARY_HOST: "one", NODE_NAME: "node2" };
  await refused({ name: "twin", env }, 77, /one and this node \(twin\) both have NODE_ID 1/);
  const named = { REPLICATION_PRIMARY_HOST: "one", NODE_ID: "2" };
  await refused({ name: "namesake", env: named }, 77, /one and this node \(namesake\) both have NODE_NAME node1/);
});

test("a data directory of another major version, or without a cluster, is refused and stays as it is", async () => {
  const flags = ["-v", `${odd}:${data}`];
  await fill(odd, "echo 15 > PG_VERSION && mkdir base && chown -R postgres .");
  const before = await fingerprint(odd);
  await refused(
    { name: "version", flags },
    77,
    /data directory was made by PostgreSQL 15, but this image runs PostgreSQL 17/,
  );
  assert.equal(await fingerprint(odd), before);
  await fill(odd, "rm -r PG_VERSION base && echo photo > holiday.jpg");
  const photo = await fingerprint(odd);
  assert.match(photo, /holiday\.jpg/);
  await refused({ name: "foreign", flags }, 77, /not empty but holds no cluster \(holiday\.jpg\)/);
  assert.equal(await fingerprint(odd), photo);
  // a storage may keep a directory of its own in the volume, which nobody can take away
  await fill(odd, "rm holiday.jpg && mkdir -m 700 .snapshot && chown root .snapshot");
  await refused(
    { name: "snapshots", flags },
    77,
    /no cluster \(\.snapshot\).*set PGDATA to a directory below this one/,
  );
  const below = await run({ name: "below", env: { PGDATA: `${data}/below` }, flags });
  await exec(below, ["wait_local_postgres"], 60_000);
  await docker(["rm", "-fv", below]);
  await fill(odd, "rm -r .snapshot below");
});

test("a data directory that cannot be written is named", async () => {
  await refused({ name: "readonly", flags: ["-v", `${odd}:${data}:ro`] }, 78, /data directory .*cannot be written/);
  const flags = ["--tmpfs", `${data}:size=64k,uid=999,gid=999,mode=0700`];
  await fails({ name: "full", env: { REPMGR_WAIT_POSTGRES_START_TIMEOUT: "2" }, flags }, /No space left|disk is full/);
});

test("an upstream that does not resolve, and one that refuses the password, are named", async () => {
  const gone = { NODE_ID: "2", NODE_NAME: "node2", REPLICATION_PRIMARY_HOST: "nowhere", WAIT_UPSTREAM_TIMEOUT: "2" };
  await unhealthy({ name: "lost", env: gone }, /longer than WAIT_UPSTREAM_TIMEOUT: .*nowhere/, "no restart");
  const locked = {
    NODE_ID: "2",
    NODE_NAME: "node2",
    REPLICATION_PRIMARY_HOST: "one",
    REPLICATION_PASSWORD: "wrong-secret",
    REPMGR_WAIT_POSTGRES_START_TIMEOUT: "2",
  };
  const [key] = clusterKeys([], "replication_pass");
  const refused = { ...locked, CLUSTER_KEY: key! };
  await unhealthy({ name: "locked", env: refused }, /password authentication failed for user/, "restart");
  // without CLUSTER_KEY the agents' key comes from the password: what another node says is not believed
  await unhealthy(
    { name: "other-key", env: { ...locked, WAIT_UPSTREAM_TIMEOUT: "2" } },
    /longer than WAIT_UPSTREAM_TIMEOUT: .*answers at one is not believed .*set the same CLUSTER_KEY or REPLICATION_PASSWORD/,
    "no restart",
  );
});

test("a fresh cluster that cannot be made says why, and its volume serves once the cause is gone", async () => {
  const flags = ["-v", `${fresh}:${data}`];
  const locale = { POSTGRES_INITDB_ARGS: "--locale=xx_XX.utf8" };
  await fails({ name: "locale", env: locale, flags }, /initdb failed.*invalid locale name.*locale -a/);
  const certificate = { CONFIGS: "ssl:on" };
  const said = /ssl_cert_file and ssl_key_file would be in the data directory, .*ssl_cert_file:\/tls\/server\.crt/;
  await fails({ name: "certificate", env: certificate, flags }, said);
  const byCertificate = { POSTGRES_HOST_AUTH_METHOD: "cert" };
  await fails(
    { name: "authority", env: byCertificate, flags },
    /HOST_AUTH_METHOD=cert.*clients' certificates.*TLS_CA_FILE/,
  );
  const scripts = join(root, "tests", ".work", "windows");
  await mkdir(scripts, { recursive: true });
  await writeFile(join(scripts, "10.sh"), "#!/bin/bash\r\necho\r\n", { mode: 0o755 });
  const withScripts = [...flags, "-v", `${scripts}:/docker-entrypoint-initdb.d:ro`];
  await fails(
    { name: "windows", flags: withScripts },
    /10\.sh could not be started.*its first line names.*LF line ends/,
  );
  const mended = await run({ name: "mended", env: { POSTGRES_HOST_AUTH_METHOD: "reject" }, flags });
  await exec(mended, ["wait_local_postgres"], 60_000);
  const login = (user: string) =>
    tryExec(mended, ["psql", `host=mended user=${user} dbname=postgres`, "-XAtc", "select 1"]);
  const ours = [
    "bash",
    "-c",
    'gosu postgres psql "host=mended user=replication_user replication=1" -c IDENTIFY_SYSTEM',
  ];
  await exec(mended, ours);
  await exec(mended, ["psql", "-U", "postgres", "-c", "create role other login"]);
  assert.match((await login("other")).stderr, /pg_hba.conf rejects/, "reject counts for all others");
});

test("POSTGRES_HOST_AUTH_METHOD=cert asks clients for certificates, and locks neither standbys nor agents out", async () => {
  const flags = ["-v", `${await madeCertificates("tls-wrong")}:${tlsInside}:ro`];
  const settings = `${tlsSettings()},ssl_ca_file:${tlsInside}/server.crt`;
  const env = { POSTGRES_HOST_AUTH_METHOD: "cert", CONFIGS: settings, PARTNER_NODES: "mutual,mutual2" };
  const mutual = await run({ name: "mutual", env, flags });
  await exec(mutual, ["wait_local_postgres"], 60_000);
  const second = { ...env, NODE_ID: "2", NODE_NAME: "node2", REPLICATION_PRIMARY_HOST: "mutual" };
  await run({ name: "mutual2", env: second, flags });
  const streams = ["psql", "-U", "postgres", "-XAtc", "select state from pg_stat_replication"];
  const streaming = async () => (await exec(mutual, streams)).trim() === "streaming";
  await waitUntil(streaming, { what: "a standby to stream", deadlineMs: 60_000 }, { clock: systemClock });
  await exec(mutual, ["psql", "-U", "postgres", "-c", "create role other login"]);
  const login = (keywords: string) =>
    tryExec(mutual, ["psql", `host=mutual user=other dbname=postgres ${keywords}`, "-XAtc", "select 1"]);
  assert.match((await login("")).stderr, /connection requires a valid client certificate/);
  const own = await login(`sslmode=require sslcert=${tlsInside}/client.crt sslkey=${tlsInside}/client.key`);
  assert.equal(own.stdout.trim(), "1", own.stderr);
});

test("files of TLS that PostgreSQL could not use are refused, with the file and what to type", async () => {
  const flags = ["-v", `${await madeCertificates("tls-wrong")}:${tlsInside}:ro`];
  const table: [string, RegExp][] = [
    ["root.key", /root\.key cannot be read by uid 999; it belongs to uid 0 and has mode 0600.*chown 999/],
    ["other.key", /ssl_key_file .*other\.key is not the key of ssl_cert_file .*server\.crt/],
    ["none.key", /there is no file .*none\.key/],
  ];
  for (const [key, said] of table) {
    await refused({ name: key.replace(".", "-"), env: { CONFIGS: tlsSettings(key) }, flags }, 78, said);
  }
});

test("SSH keys of any owner and mode are accepted; files that are not a key pair are named and refused", async () => {
  const keys = join(root, "tests", ".work", "keys-odd");
  await mkdir(keys, { recursive: true });
  for (const name of ["id_rsa", "id_rsa.pub"]) {
    await copyFile(join(root, "compose/ssh/keys", name), join(keys, name));
    await chmod(join(keys, name), 0o666);
  }
  const flags = ["-v", `${keys}:/tmp/.ssh/keys:ro`];
  const open = await run({ name: "open", env: { SSH_ENABLE: "1" }, flags });
  await exec(open, ["wait_local_postgres"], 60_000);
  await exec(open, ["gosu", "postgres", "ssh", "localhost", "true"]);
  await docker(["rm", "-fv", open]);
  await writeFile(join(keys, "id_rsa.pub"), "ssh-rsa AAAA nobody\n");
  await refused({ name: "mismatch", env: { SSH_ENABLE: "1" }, flags }, 78, /\/tmp\/\.ssh\/keys\/id_rsa/);
  await writeFile(join(keys, "id_rsa"), "a photo\n");
  await refused({ name: "nokey", env: { SSH_ENABLE: "1" }, flags }, 78, /\/tmp\/\.ssh\/keys\/id_rsa/);
});

test("SSH without keys, and settings that contain other settings, are refused before anything is changed", async () => {
  await refused({ name: "keyless", env: { SSH_ENABLE: "1" } }, 78, /\/tmp\/\.ssh\/keys/);
  await refused({ name: "smuggler", env: { CONFIGS: "work_mem:8MB\nfsync = off" } }, 78, /CONFIGS/);
  await refused({ name: "liar", env: { CONFIGS: "no_such_setting:1" } }, 78, /no_such_setting/);
  const six = { PARTNER_NODES: "one,[fd00::2]" };
  await refused({ name: "six", env: six }, 78, /PARTNER_NODES.* IPv6 address.*give it a name/);
  const service = { REPLICATION_PRIMARY_PORT: "tcp://10.0.0.1:5432" };
  await refused({ name: "service", env: service }, 78, /REPLICATION_PRIMARY_PORT.*enableServiceLinks: false/);
});
