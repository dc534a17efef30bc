// PURE: what to do about what PostgreSQL or one of its tools says: a table from message to fix.

import { ownLogin, type Remedy, serverProof, type Where } from "./remedy-login.ts";
import { startSettings } from "./remedy-settings.ts";
import { ofTablespaces } from "./remedy-tablespaces.ts";
import { ofTls } from "./remedy-tls.ts";

/** The first row that matches counts: what is more exact stands before what is more general. */
const remedies: readonly Remedy[] = [
  ...ownLogin,
  serverProof,
  ...ofTls,
  {
    says: /(\w+) = (\S+) is a lower setting than on the primary server, where its value was (\d+)/,
    fix: ([, name, , value], { host }) =>
      `set ${name}:${value} or more in CONFIGS of ${host} and start it again; raise this setting on the standbys first, and lower it on the primary first`,
  },
  {
    says: /password authentication failed for user "([^"]+)"/,
    fix: ([, user]) =>
      `give all containers the same password of ${user} in their variables, and start those that had another again; the ` +
      "primary writes its own to the database",
  },
  {
    says: /no pg_hba\.conf entry for (?:replication connection from )?(?:host )?"([^"]+)", user "([^"]+)"/,
    fix: ({ 1: address, 2: user, input }) =>
      `let ${user} in from ${address}: add a line to pg_hba.conf of the node that refuses it, and reload it with select pg_reload_conf()` +
      (/no encryption/.test(input) ? "; if it has a line hostssl, set ssl:on in CONFIGS of that node" : ""),
  },
  {
    says: /pg_hba\.conf rejects/,
    fix: () => "take the reject line for this node out of pg_hba.conf of the node that refuses it, and reload it",
  },
  {
    says: /role "([^"]+)" (?:does not exist|is not permitted to log in)/,
    fix: ([, user]) => `make the role on the primary: create role "${user}" superuser login password '...'`,
  },
  {
    says: /could not access file "([^"]+)"|could not load library "([^"]+)"/,
    fix: (m) =>
      `install the library ${m[1] ?? m[2]} in the image, or take it out of shared_preload_libraries in CONFIGS`,
  },
  {
    says: /all replication slots are in use/,
    fix: () =>
      "drop slots that nobody uses (select slot_name, active from pg_replication_slots), or raise max_replication_slots",
  },
  {
    says:
      /requested WAL segment (\S+) has already been removed|can no longer (?:get changes from|access) replication slot/,
    fix: (_, { host }) =>
      `wait: the node is cloned again by itself; if it is not, type postdock cluster reinit ${host}`,
  },
  {
    says: /number of requested standby connections exceeds "?max_wal_senders/,
    fix: () => "raise max_wal_senders in CONFIGS, on the standbys first",
  },
  {
    says: /sorry, too many clients already|remaining connection slots are reserved/,
    fix: () =>
      "end sessions that nobody needs on the node that refuses, or raise max_connections, on the standbys first",
  },
  ...startSettings,
  {
    says: /database "([^"]+)" does not exist/,
    fix: ([, name]) => `make it on the primary: create database "${name}"`,
  },
  {
    says: /No space left on device|Disk quota exceeded/,
    fix: (_, { host }) => `make room on the volume of ${host}, or give it a larger one; in /dev/shm: raise shm_size`,
  },
  {
    says: /could not bind|Address already in use|could not create any TCP/,
    fix: () => "stop the program that has this port or address, or correct port and listen_addresses in CONFIGS",
  },
  {
    says:
      /private key file "([^"]+)" (?:has group or world access|must be owned|cannot be)|could not (?:load|access) (?:server certificate|private key|root certificate) file "([^"]+)"|check of private key failed|root certificate store/,
    fix: (m) =>
      m[1] || m[2]
        ? `make ${m[1] ?? m[2]} a valid file that uid 999 owns, a key with mode 0600`
        : "correct the ssl_ settings in CONFIGS: the key belongs to the certificate, and cert needs ssl_ca_file",
  },
  ...ofTablespaces,
  {
    says: /(?:database system identifier|identifier) differs between the primary and/,
    fix: () => "mount the volume that belongs to this cluster, or correct the upstream of this node",
  },
  {
    says: /is not in this server's history|is behind recovery timeline|is ahead of the WAL flush position/,
    fix: (_, { host }) => `wait: the node is rejoined by itself; if it is not, type postdock cluster reinit ${host}`,
  },
  {
    says: /replication slot "[^"]+" (?:does not exist|is active)/,
    fix: () => "wait: the node makes its slot again by itself",
  },
  {
    says: /"min_wal_size" must be at least|"max_wal_size" must be at least/,
    fix: () => "raise min_wal_size and max_wal_size in CONFIGS: each holds at least two WAL segments",
  },
  {
    says:
      /invalid locale name|database locale is incompatible|locale .* (?:is not available|not recognized)|invalid value for parameter "lc_/,
    fix: () =>
      "use a locale that the image has (locale -a), an ICU locale, or an image derived from this one with the locale",
  },
  {
    says:
      /could not open (?:file|directory).*Permission denied|has wrong ownership|has invalid permissions|Permission denied/,
    fix: (_, { host }) => `on the volume of ${host}, give it to uid 999 (a directory: mode 0700), or move it`,
  },
  {
    says: /WAL contains references to invalid pages/,
    fix: (_, { host }) =>
      `wait: if ${host} ended soon after its promotion, its agent completes the crash recovery first; if it still does not ` +
      `start, type postdock cluster reinit ${host} once another node is the primary`,
  },
  {
    says:
      /could not locate a valid checkpoint record|could not find redo location|incorrect checksum in control file|database files are incompatible|pg_control|invalid (?:primary )?checkpoint|[Cc]ould not (?:open|read|access) (?:file|directory) "(?:global|base|pg_wal|pg_xact|pg_multixact|pg_[a-z]+)|WAL ends before|invalid page in block|contains invalid data/,
    fix: (_, { host }) =>
      `wait: once another node is the primary, this one is cloned again by itself; if it is not, type postdock cluster ` +
      `reinit ${host}; if no other node has the data, restore a backup: postdock barman restore`,
  },
  {
    says:
      /(?:unrecognized configuration parameter|invalid value for parameter|parameter) "([^"]+)"|(\S+) is outside the valid range for parameter/,
    fix: (m) =>
      `correct ${m[1] ?? "the value"} in CONFIGS, or take back what ALTER SYSTEM wrote to postgresql.auto.conf`,
  },
  {
    says: /contains errors|could not load \S*pg_hba\.conf/,
    fix: () => "correct the line that is named here; what ALTER SYSTEM wrote is in postgresql.auto.conf",
  },
  {
    says: /unrecognized option|invalid option|initdb: error: (?:argument|too many)/,
    fix: () => "correct POSTGRES_INITDB_ARGS",
  },
  {
    says: /name "?([^" ]+)"? (?:could not be resolved|to address: Temporary failure in name resolution)/,
    fix: ([, host]) =>
      `mend the DNS server that /etc/resolv.conf of this container names: it does not answer; or give ${host} a fixed ` +
      "address by extra_hosts",
  },
  {
    says: /could not translate host name "([^"]+)"/,
    fix: ([, host]) => `start ${host}, or correct its name; containers find each other by the names of their network`,
  },
  {
    says: /Connection refused|No route to host|timeout expired|Connection timed out|Network is unreachable/,
    fix: () => "start the node that is named here, or check the network between the two",
  },
  {
    says: /was terminated by signal 9/,
    fix: () => "give the container more memory: a process was killed, as the kernel does when memory runs out",
  },
  {
    says: /the database system is (?:starting up|shutting down|not yet accepting|in recovery)/,
    fix: () => "wait until the node that is named here serves",
  },
];

/** How many fixes there are. */
export const remedyCount = remedies.length;

/** Which fix is for this message; null if the table has nothing for it. */
export function remedyNumber(message: string): number | null {
  const at = remedies.findIndex(({ says }) => says.test(message));
  return at < 0 ? null : at;
}

/** Files of the server are missing, cut off or wrong, which no other start changes. */
const brokenData: readonly RegExp[] = [
  /could not locate a valid checkpoint record|could not find redo location|invalid (?:primary )?checkpoint/,
  /incorrect checksum in control file|cannot be read as a cluster|WAL contains references to invalid pages/,
  /(?:file|directory) "(?:global|base|pg_wal|pg_[a-z]+)[^"]*": (?:No such file or directory|read \d+ of \d+|Not a directory)/,
  /requested timeline \d+ is not a child of this server's history/,
  /invalid page in block|contains invalid data|invalid magic number/,
];

/** Whether what PostgreSQL says here means that its data are broken, so that only other data help. */
export function onlyCloneHelps(message: string): boolean {
  return brokenData.some((says) => says.test(message));
}

/** What to do about this message; null if the table has nothing for it. */
export function remedyFor(message: string, where: Where): string | null {
  const at = remedyNumber(message);
  if (at === null) return null;
  const { says, fix } = remedies[at]!;
  return fix(says.exec(message)!, where);
}
