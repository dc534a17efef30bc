// The configuration files of a data directory: what they are to be at the next start or reload, and what ALTER SYSTEM has written.
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { diskSpace, exists, readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { RaisedSetting } from "../decide/settings.ts";
import { readControlText } from "../observe/control-data.ts";
import { type AlteredSetting, parseAutoConf } from "../text/auto-conf.ts";
import { parseControlData } from "../text/controldata.ts";
import { withHead } from "../text/pg-hba.ts";
import { correctAutoConf, type TakenBack } from "../text/own-settings.ts";
import { withWalSizes } from "../text/postgresql-conf.ts";
import { primaryHas, type Raised, raisedFix, tooLow, withRaised } from "../text/raised-settings.ts";
import { onlyForRecovery, renderRecovery } from "../text/recovery-conf.ts";
import { type Ways, writePrimaryState, writeStandbyState } from "../tools/settings.ts";

export interface SettingsDeps {
  config: NodeConfig;
  log: Log;
  peers: Ways;
  /** postgresql.conf as PostgreSQL has accepted it */
  serverConfig: string;
}

/** How a server is to start: as primary, or as a standby of this upstream, perhaps after a recovery from a backup. */
export type StartAs = { primary: true } | { upstream: string | null; recovery?: RestoreOrder | null };

export class SettingsFiles {
  /** since the last start */
  private raisedNow: readonly Raised[] = [];

  constructor(private readonly deps: SettingsDeps) {}

  /** postgresql.conf as CONFIGS ask for it. */
  async writeOwn(): Promise<void> {
    await this.writeConf(await this.own(await readControlText(this.deps.config.pgdata)));
  }

  /** postgresql.conf for the next start; what is in force only by postgresql.auto.conf gives way to it in `writeState`. */
  async writeFor(as: StartAs): Promise<void> {
    const control = await readControlText(this.deps.config.pgdata);
    this.raisedNow = "primary" in as ? [] : await this.tooLow(control);
    for (const low of this.raisedNow) {
      this.deps.log.warn("A setting is raised, since the primary has more", { ...low, fix: raisedFix(low) });
    }
    const conf = withRaised(await this.own(control), this.raisedNow);
    const recovery = recoveryOf(as);
    await this.writeConf(recovery === null ? conf : renderRecovery(recovery, conf));
  }

  /** postgresql.auto.conf and the signal file for the next start. */
  async writeState(as: StartAs): Promise<void> {
    const { config, log } = this.deps;
    for (const taken of await this.correct({ standby: false })) {
      log.warn("A setting was taken back", { ...taken });
    }
    await this.writeHba();
    const dropped = [...this.raisedNow.map(({ name }) => name), ...recoveryOf(as) === null ? [] : onlyForRecovery];
    await ("primary" in as ? writePrimaryState(config) : writeStandbyState(as.upstream, this.deps, dropped));
  }

  /** The head of pg_hba.conf, which follows from TLS; the rest is the operator's. */
  private async writeHba(): Promise<void> {
    const before = await readIfThere(join(this.deps.config.pgdata, "pg_hba.conf"));
    const after = before === null ? null : withHead(before, this.deps.config);
    if (after === null || after === before) return;
    await this.write("pg_hba.conf", after);
    this.deps.log.info("The head of pg_hba.conf was written", { tls: this.deps.config.tls });
  }

  /** What ALTER SYSTEM has written. */
  async altered(): Promise<AlteredSetting[]> {
    return parseAutoConf(await this.autoConf());
  }

  /** Takes back what ALTER SYSTEM may not set, for the next reload. */
  async correctRunning(): Promise<TakenBack[]> {
    return await this.correct({ standby: await exists(join(this.deps.config.pgdata, "standby.signal")) });
  }

  private async correct({ standby }: { standby: boolean }): Promise<TakenBack[]> {
    const { config } = this.deps;
    const { text, taken } = correctAutoConf(await this.autoConf(), { config, standby });
    if (taken.length > 0) await this.write("postgresql.auto.conf", text);
    return taken;
  }

  /** What was raised at the last start, and whether the primary still has more than what was set here. */
  async raised(): Promise<RaisedSetting[]> {
    if (this.raisedNow.length === 0) return [];
    const control = await readControlText(this.deps.config.pgdata);
    return this.raisedNow.map((r) => ({ ...r, needed: primaryHas(r.name, control) > r.own }));
  }

  private async tooLow(control: string): Promise<Raised[]> {
    return tooLow({ conf: this.deps.serverConfig, autoConf: await this.autoConf() }, control);
  }

  private async own(control: string): Promise<string> {
    const { config, serverConfig } = this.deps;
    const volume = await diskSpace(config.pgdata).catch(() => null);
    return withWalSizes(serverConfig, parseControlData(control).segmentBytes, volume?.totalBytes ?? null);
  }

  private async autoConf(): Promise<string> {
    return await readIfThere(join(this.deps.config.pgdata, "postgresql.auto.conf")) ?? "";
  }

  private writeConf(text: string): Promise<void> {
    return this.write("postgresql.conf", text);
  }

  private async write(name: string, text: string): Promise<void> {
    await writeAtomic(join(this.deps.config.pgdata, name), text, { mode: 0o600, owner: postgresAccount });
  }
}

function recoveryOf(as: StartAs): RestoreOrder | null {
  return "recovery" in as ? as.recovery ?? null : null;
}
