// barman's slot on every node: it is made if it is missing, and moved forward on standbys with the primary's. Any node that
// becomes primary then still has the WAL that barman needs, and no node keeps more than that.
import { errorText } from "../../../core/words/errors.ts";
import { every } from "../../../core/runtime/time.ts";
import { decideStandbySlot, type SlotAction } from "../decide/slots.ts";
import { loginTo } from "../tools/login.ts";
import { advanceSlot, createSlot, dropSlot, readPrimaryWal, readSlot, visit } from "../tools/queries.ts";
import type { Barman } from "../state.ts";

const everyMs = 15_000;
const visitMs = 5_000;
type Sql = Parameters<typeof readSlot>[0];

/** Keeps the slots on the standbys until the role stops. */
export async function keepSlots(barman: Barman): Promise<void> {
  const silent = new Map<string, string>();
  await every(everyMs, () => keepOnce(barman, silent), {
    clock: barman.clock,
    signal: barman.stop,
    onError: (error) => barman.log.debug("The slots could not be checked", { error }),
  });
}

async function keepOnce(barman: Barman, silent: Map<string, string>): Promise<void> {
  const { state, config, log } = barman;
  const primary = state.primary;
  if (primary === null || !state.receiver.streaming) return;
  const slot = await visit(loginTo(primary, barman), visitMs, (sql) => readSlot(sql, config.slotName));
  const primaryLsn = slot?.restartLsn ?? null;
  await Promise.all(
    state.hosts.filter((host) => host !== primary).map(async (host) => {
      try {
        await visit(loginTo(host, barman), visitMs, (sql) => keepOnStandby(sql, host, primaryLsn, barman));
        silent.delete(host);
      } catch (error) {
        const why = errorText(error);
        if (silent.get(host) !== why) {
          log.warn("The slot on a standby could not be checked", { host, because: why });
        }
        silent.set(host, why);
      }
    }),
  );
}

async function keepOnStandby(sql: Sql, host: string, primaryLsn: string | null, barman: Barman): Promise<void> {
  if (!(await readPrimaryWal(sql)).inRecovery) return; // another primary, or this one by another name: not touched
  const action = decideStandbySlot(await readSlot(sql, barman.config.slotName), primaryLsn);
  await applySlotAction(sql, action, host, barman);
}

/** Carries out what was decided about the slot of one node. */
export async function applySlotAction(sql: Sql, action: SlotAction, host: string, barman: Barman): Promise<void> {
  const { config, log } = barman;
  const slot = config.slotName;
  switch (action.do) {
    case "nothing":
      return;
    case "advance":
      return await advanceSlot(sql, slot, action.lsn);
    case "recreate":
      log.warn("Slot made again", { host, slot, because: action.because });
      await dropSlot(sql, slot);
      return await createSlot(sql, slot);
    case "create":
      log.info("Slot made", { host, slot, because: action.because });
      return await createSlot(sql, slot);
  }
}
