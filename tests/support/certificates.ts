// Certificates for TLS in scenarios, made at run time: no key is in the repository.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/terminal.ts";
import { docker } from "./docker.ts";

/** Where the files are in a container, for a mount of madeCertificates(). */
export const tlsInside = "/etc/tls";

/**
 * A directory of this name with server.crt, which ends in two days, renewed.crt, which ends in 60, server.key as PostgreSQL may read
 * it, root.key as secrets are often mounted, and other.key, which belongs to nothing. client.crt and client.key are of the role
 * "other", by the authority server.crt.
 */
export async function madeCertificates(name: string): Promise<string> {
  const directory = join(root, "tests", ".work", name);
  await mkdir(directory, { recursive: true });
  const script = "set -e; cd /made; rm -f *; " +
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=postdock -keyout server.key -out server.crt; " +
    "openssl req -x509 -key server.key -days 60 -subj /CN=postdock -out renewed.crt; " +
    "cp server.key root.key; openssl genpkey -algorithm RSA -out other.key; " +
    "openssl req -newkey rsa:2048 -nodes -subj /CN=other -keyout client.key -out client.csr; " +
    "openssl x509 -req -days 2 -in client.csr -CA server.crt -CAkey server.key -out client.crt; chmod 600 root.key; " +
    "chown 0:999 server.key other.key; chmod 640 server.key other.key; chmod 644 *.crt; chmod 600 client.key";
  // the owner of a file is that of the host, and whoever runs the tests may not be root there
  await docker(["run", "--rm", "-v", `${directory}:/made`, "--entrypoint", "bash", "postdock/base:2.0", "-c", script]);
  return directory;
}

/** CONFIGS for TLS with this key and this certificate. */
export const tlsSettings = (key = "server.key", certificate = "server.crt"): string =>
  `ssl:on,ssl_cert_file:${tlsInside}/${certificate},ssl_key_file:${tlsInside}/${key}`;

/** Where files of `issuedCertificates` are in a container. */
export const issuedInside = "/etc/issued";

/**
 * A directory of this name with an authority, ca.crt, and what it has issued for these hosts: server.crt and server.key, which only
 * root may read, as secrets are often mounted.
 */
export async function issuedCertificates(name: string, hosts: readonly string[]): Promise<string> {
  const directory = join(root, "tests", ".work", name);
  await mkdir(directory, { recursive: true });
  const authority =
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=authority " +
    "-keyout ca.key -out ca.crt";
  await inDirectory(directory, `rm -f *; ${authority}`);
  await issueAgain(directory, hosts);
  return directory;
}

/** The authority there issues another pair in place of the one that is there. */
export async function issueAgain(directory: string, hosts: readonly string[]): Promise<void> {
  const names = hosts.map((host) => `DNS:${host}`).join(",");
  await inDirectory(
    directory,
    `openssl req -newkey rsa:2048 -nodes -subj /CN=${hosts[0]} -keyout new.key -out new.csr; ` +
      `printf 'subjectAltName=${names}' > names; ` +
      "openssl x509 -req -days 10 -in new.csr -CA ca.crt -CAkey ca.key -extfile names -out new.crt; " +
      "chmod 600 new.key; mv new.key server.key; mv new.crt server.crt",
  );
}

/** Writes the same renewed.crt as another file of a directory of `madeCertificates`, or what is no certificate. */
export async function writeCertificate(directory: string, file: string, right: boolean): Promise<void> {
  await inDirectory(directory, right ? `cp renewed.crt ${file}` : `echo wrong > ${file}`);
}

async function inDirectory(directory: string, script: string): Promise<void> {
  const program = ["--entrypoint", "bash", "postdock/base:2.0", "-c", `set -e; cd /made; ${script}`];
  await docker(["run", "--rm", "-v", `${directory}:/made`, ...program]);
}
