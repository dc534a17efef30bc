// PURE: what to do where containers cannot connect by TLS. The other fixes are in remedy.ts.
import type { Remedy } from "./remedy-login.ts";

const sameTls = "set the same TLS in all containers: first prefer in each, then auto or require";

export const ofTls: readonly Remedy[] = [
  {
    // said of every connection without TLS, whatever the line is about
    says: /pg_hba\.conf rejects .*no encryption/,
    fix: () =>
      `${sameTls}; where it is the same, take the reject line for this node out of pg_hba.conf of the node that refuses it, ` +
      "and reload it",
  },
  { says: /server does not support SSL, but SSL was required/, fix: () => sameTls },
  {
    says: /server certificate for "([^"]+)".* does not match host name "([^"]+)"/,
    fix: ([, named, asked]) =>
      `add ${asked} to TLS_NAMES of the container of ${named} or, with TLS_CERT_FILE, to the names in its certificate`,
  },
  {
    says: /certificate verify failed/,
    fix: () =>
      "see that the clocks of the containers agree, and that they have the same CLUSTER_KEY or, with TLS_CA_FILE, that it holds " +
      "the authorities of all",
  },
  {
    says: /file "\/run\/postdock\/tls\/[^"]+"/,
    fix: () =>
      "look in the log of this container for what is wrong with TLS_CERT_FILE, TLS_KEY_FILE or TLS_CA_FILE, and mount right " +
      "ones: they are taken within 10 s",
  },
];
