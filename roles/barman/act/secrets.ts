// The secrets of barman: its passfile and its own logins follow the files and the primary, without a restart.
import { type BarmanConfig, barmanVariables } from "../../../config/barman.ts";
import type { Tried } from "../../../core/runtime/decide/secret.ts";
import { Secrets, type SecretsDeps } from "../../../core/runtime/secrets.ts";
import { waitUntil } from "../../../core/runtime/time.ts";
import { tryLogin } from "../../../core/runtime/try-login.ts";
import { writePassfile } from "../prepare.ts";
import type { Barman } from "../state.ts";
import { startReceiverAnew } from "./follow.ts";
import { loginTo } from "../tools/login.ts";

type Given = Pick<SecretsDeps, "context" | "log" | "stop" | "ring"> & {
  config: BarmanConfig;
  /** the role, which is made after its keys are known */
  barman: () => Barman;
};

/** The secrets of this container, with the files that are watched. Its configuration has what is in use. */
export function barmanSecrets({ config, ring, context, log, stop, barman }: Given): Secrets {
  const { postgresUser, replicationUser } = config;
  const login = async (role: string, password: string): Promise<Tried> => {
    const { state, peers } = barman();
    if (state.primary === null) return "unknown";
    return await tryLogin({ ...loginTo(state.primary, barman()), user: role, password }, peers.names);
  };
  const trusting = config.hostAuthMethod === "trust";
  const keys = [...ring.keys];
  const secrets = new Secrets({ context, log, stop, ring, trusting, compares: true, login });
  const isSource = config.clusterKeys.length === 0;
  if (isSource) secrets.keysAre("REPLICATION_PASSWORD", config.replicationPassword, keys);
  else {
    secrets.keysAre("CLUSTER_KEY", config.clusterKeys.join(" "), keys);
    secrets.files.watch(barmanVariables.clusterKeys, (v) => secrets.keysAre("CLUSTER_KEY", v.join(" "), v));
  }
  const own = secrets.add("REPLICATION_PASSWORD", replicationUser, config.replicationPassword, async (value) => {
    config.replicationPassword = value;
    if (postgresUser === replicationUser) config.postgresPassword = value;
    await writePassfile(config);
  });
  secrets.files.watch(barmanVariables.replicationPassword, (value) => {
    secrets.given(own, value);
    if (isSource) secrets.derived(value);
  });
  secrets.files.watch(barmanVariables.metricsPassword, (value) => void (config.metricsPassword = value));
  if (postgresUser === replicationUser) return secrets;
  const owner = secrets.add("POSTGRES_PASSWORD", postgresUser, config.postgresPassword, async (value) => {
    config.postgresPassword = value;
    await writePassfile(config);
  });
  secrets.files.watch(barmanVariables.postgresPassword, (value) => secrets.given(owner, value));
  return secrets;
}

/** How long the WAL receiver may take to stream again, milliseconds. */
const reconnectMs = 8_000;

/** The WAL receiver logs in again with the passfile as it is now. Throws if it does not stream again. */
export async function reconnect(role: string, barman: Barman): Promise<void> {
  const { clock, config, state, stop } = barman;
  if (role !== config.replicationUser || !state.receiver.streaming) return;
  state.receiver = { ...state.receiver, streaming: false };
  startReceiverAnew(barman);
  const what = "the WAL receiver to stream with the new password";
  await waitUntil(() => Promise.resolve(state.receiver.streaming), { what, deadlineMs: reconnectMs, everyMs: 100 }, {
    clock,
    signal: stop,
  });
}
