// The secrets of a node: what follows when a password is in use, which server tells whether it is, and how the primary stores one.
import { type NodeConfig, postgresNodeVariables } from "../../../config/postgres-node.ts";
import type { Peers } from "../../../core/client/peers.ts";
import { ControlRefusal } from "../../../core/http/control.ts";
import type { Tried } from "../../../core/runtime/decide/secret.ts";
import type { Password } from "../../../core/runtime/password.ts";
import { Secrets, type SecretsDeps } from "../../../core/runtime/secrets.ts";
import { waitUntil } from "../../../core/runtime/time.ts";
import { tryLogin } from "../../../core/runtime/try-login.ts";
import { licenseOf, type Node } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";
import { writePassfile } from "../tools/passfile.ts";
import { upstreamConnection } from "../tools/upstream.ts";

type Given = Pick<SecretsDeps, "context" | "log" | "stop" | "ring"> & {
  config: NodeConfig;
  peers: Pick<Peers, "names">;
  /** this node, which is made after its keys are known */
  node: () => Node;
};

/** The secrets of this node, with the files that are watched. Its configuration has what is in use. */
export function nodeSecrets({ config, ring, context, log, stop, peers, node }: Given): Secrets {
  const variables = postgresNodeVariables;
  const { postgresUser, replicationUser, replicationPassword } = config;
  const login = async (role: string, password: string): Promise<Tried> => {
    const host = await primaryOf(node());
    if (host === null) return "unknown";
    return await tryLogin({ ...upstreamConnection(host, config), user: role, password }, peers.names);
  };
  const trusting = config.hostAuthMethod === "trust";
  const keys = [...ring.keys];
  const secrets = new Secrets({ context, log, stop, ring, trusting, compares: false, login });
  const isSource = config.clusterKeys.length === 0;
  if (isSource) secrets.keysAre("REPLICATION_PASSWORD", replicationPassword, keys);
  else {
    secrets.keysAre("CLUSTER_KEY", config.clusterKeys.join(" "), keys);
    secrets.files.watch(variables.clusterKeys, (value) => secrets.keysAre("CLUSTER_KEY", value.join(" "), value));
  }
  const own = secrets.add("REPLICATION_PASSWORD", replicationUser, replicationPassword, async (value) => {
    config.replicationPassword = value;
    await writePassfile(config);
  });
  secrets.files.watch(variables.replicationPassword, (value) => {
    secrets.given(own, value);
    if (isSource) secrets.derived(value);
  });
  if (postgresUser !== replicationUser && config.postgresPassword !== "") {
    const owner = secrets.add("POSTGRES_PASSWORD", postgresUser, config.postgresPassword, (value) => {
      config.postgresPassword = value;
      return Promise.resolve();
    });
    secrets.files.watch(variables.postgresPassword, (value) => secrets.given(owner, value));
  }
  secrets.files.watch(variables.metricsPassword, (value) => void (config.metricsPassword = value));
  return secrets;
}

/** Reads the files and follows the primary until the node stops. */
export const keepSecrets = ({ secrets }: Pick<Node, "secrets">): Promise<void> => secrets.keep();

async function primaryOf(node: Node): Promise<string | null> {
  if (node.seen.role() === "primary") return node.config.host;
  return (await observeSurroundings(node, { timeoutMs: 1_000 })).primary?.host ?? null;
}

/** Stores the waiting value of a password in the database. Throws ControlRefusal unless this node is the primary. */
export async function storePassword(password: Password, node: Node): Promise<void> {
  const { doors, history, memory, secrets, seen } = node;
  if (seen.role() !== "primary" || licenseOf(node) === "missing") {
    throw new ControlRefusal("this node is not the primary");
  }
  if (memory.now.restore !== null) throw new ControlRefusal("this node is being restored from a backup");
  const value = password.known.other;
  if (value === null) return;
  const because = "an operator has changed its password";
  await doors.server.setRole({ name: password.role, because, create: false, rights: null, password: true }, value);
  history.note("A role was set right", { role: password.role, because });
  await secrets.use(value, password, because); // it may have been seen already that it works
}

/** How long a WAL receiver may take to stream again, milliseconds. */
const reconnectMs = 8_000;

/** A standby's WAL receiver logs in again with the passfile as it is now. Throws if it does not stream again. */
export async function reconnect(role: string, { clock, config, doors, seen, stop }: Node): Promise<void> {
  if (role !== config.replicationUser || seen.role() !== "standby") return;
  if (!await doors.server.endReceiver()) return;
  const streams = async () => (await doors.server.look()).upstream?.streaming === true;
  const what = "the WAL receiver to stream with the new password";
  await waitUntil(streams, { what, deadlineMs: reconnectMs, everyMs: 100 }, { clock, signal: stop });
}
