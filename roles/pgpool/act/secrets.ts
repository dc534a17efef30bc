// The secrets of pgpool: its users and their passwords follow their files and the primary, without a restart.
import type { DbUser } from "../../../config/list-syntax.ts";
import { type PgpoolConfig, pgpoolVariables } from "../../../config/pgpool.ts";
import type { Tried } from "../../../core/runtime/decide/secret.ts";
import type { Password } from "../../../core/runtime/password.ts";
import { Secrets, type SecretsDeps } from "../../../core/runtime/secrets.ts";
import { tryLogin } from "../../../core/runtime/try-login.ts";
import type { PoolAgent } from "../state.ts";
import { reloadPool } from "../tools/pcp.ts";
import { writePassfile, writePoolPasswd } from "../tools/pgpool-process.ts";

type Given = Pick<SecretsDeps, "context" | "log" | "stop" | "ring"> & {
  config: PgpoolConfig;
  /** the agent, which is made after its keys are known */
  agent: () => PoolAgent;
};

/** The secrets of this container, with the files that are watched. Its configuration has what is in use. */
export function poolSecrets({ config, ring, context, log, stop, agent }: Given): Secrets {
  const variables = pgpoolVariables;
  const login = async (role: string, password: string): Promise<Tried> => {
    const { peers, truth } = agent();
    const backend = config.backends.find((b) => b.id === truth.primary);
    if (backend === undefined) return "unknown";
    const { host, port } = backend;
    return await tryLogin({ host, port, user: role, password, database: "postgres", trust: config }, peers.names);
  };
  const trusting = config.hostAuthMethod === "trust";
  const keys = [...ring.keys];
  const secrets = new Secrets({ context, log, stop, ring, trusting, compares: true, login });
  if (config.clusterKeys.length > 0) {
    secrets.keysAre("CLUSTER_KEY", config.clusterKeys.join(" "), keys);
    secrets.files.watch(variables.clusterKeys, (value) => secrets.keysAre("CLUSTER_KEY", value.join(" "), value));
  } else {
    secrets.keysAre("REPLICATION_PASSWORD", config.replicationPassword, keys);
    secrets.files.watch(variables.replicationPassword, (value) => secrets.derived(value));
  }
  const renewed = async () => {
    await writePassfile(config);
    await writePoolPasswd(config);
    if (!agent().run?.process.supervised.running()) return;
    const failed = await reloadPool();
    if (failed !== null) throw new Error(failed);
  };
  const check = secrets.add("CHECK_PASSWORD", config.checkUser, config.checkPassword, async (value) => {
    config.checkPassword = value;
    await renewed();
  });
  secrets.files.watch(variables.checkPassword, (value) => secrets.given(check, value));
  secrets.files.watch(variables.metricsPassword, (value) => void (config.metricsPassword = value));
  const users = new PoolUsers(config, { secrets, renewed, renew: () => void (check.unapplied = true) });
  secrets.files.watch(variables.dbUsers, (value) => users.are(value));
  return secrets;
}

/** DB_USERS as its file has them. New users are there at once; a changed password is in use once the primary accepts it. */
export class PoolUsers {
  private readonly held = new Map<string, Password>();

  constructor(
    private readonly config: Pick<PgpoolConfig, "dbUsers">,
    /** `renewed`: writes the files now; `renew`: has them written soon */
    private readonly deps: { secrets: Secrets; renewed: () => Promise<void>; renew: () => void },
  ) {
    for (const user of config.dbUsers) this.hold(user);
  }

  are(users: readonly DbUser[]): void {
    const namesNow = () => this.config.dbUsers.map((u) => u.name).join("\n");
    const before = namesNow();
    for (const user of users) {
      const held = this.held.get(user.name);
      if (held === undefined) this.hold(user);
      else this.deps.secrets.given(held, user.password);
    }
    for (const [name, held] of this.held) {
      if (users.some((u) => u.name === name)) continue;
      this.held.delete(name);
      this.deps.secrets.remove(held);
    }
    this.config.dbUsers = users.map(({ name }) => ({ name, password: this.held.get(name)!.known.inUse }));
    if (namesNow() !== before) this.deps.renew();
  }

  private hold({ name, password }: DbUser): void {
    const apply = async (value: string) => {
      this.config.dbUsers = this.config.dbUsers.map((u) => u.name === name ? { name, password: value } : u);
      await this.deps.renewed();
    };
    this.held.set(name, this.deps.secrets.add(`DB_USERS (${name})`, name, password, apply, true));
  }
}
