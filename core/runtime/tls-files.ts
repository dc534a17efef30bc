// Looks at the files of a server's TLS before the server does, as the account that the server runs as.
import {
  certificateEnd,
  findTlsFaults,
  type TlsFile,
  type TlsFileSeen,
  type TlsWanted,
} from "../postgres/tls-files.ts";
import type { Trouble } from "../protocol/trouble.ts";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { postgresAccount, tryRun } from "./command.ts";
import { modeOf, readMounted } from "./files.ts";

/** What one look at the files of a server's TLS shows. */
export interface TlsLook {
  /** everything that is wrong with them; a certificate that ends within `soonMs` counts as wrong */
  faults(soonMs: number): Trouble[];
  /** when the certificate ends, milliseconds since 1970; null: it cannot be read */
  certificateEndsMs: number | null;
}

/** Reads each file once. */
export async function lookAtTls(wanted: TlsWanted, nowMs: number): Promise<TlsLook> {
  const seen = await Promise.all(wanted.files.map(lookAt));
  return {
    faults: (soonMs) => findTlsFaults(seen, { account: postgresAccount, ...wanted, nowMs, soonMs }),
    certificateEndsMs: certificateEnd(seen),
  };
}

async function lookAt(file: TlsFile): Promise<TlsFileSeen> {
  const mode = await modeOf(file.path);
  const text = mode === null || mode.isDirectory ? null : await readMounted(file.path);
  if (mode === null || text === null) return { ...file, found: null };
  // the directories above count as well, so the account itself has to try
  const { code } = await tryRun(["test", "-r", file.path], { as: postgresAccount, timeoutMs: 5_000 });
  return { ...file, found: { text, readable: code === 0, mode: mode.mode, uid: mode.uid } };
}

/** What CONFIGS or the variables of TLS say cannot be done. */
export function tlsRefusal(faults: readonly Trouble[]): OperatorError {
  return new OperatorError({
    what: "TLS is asked for with files that are not right",
    why: faults.map((f) => f.because).join("; "),
    fix: [...new Set(faults.map((f) => f.fix))].join("; "),
    exitCode: ExitCode.config,
  });
}
