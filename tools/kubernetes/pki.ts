// The keys, certificates and tokens of the Kubernetes under test, made by openssl for each run.
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execute } from "../terminal.ts";
import { apiAddress, kubeconfig, tokensCsv, users } from "./layout.ts";

/** Names by which the API server is reached, from the host and from pods. */
const names = [
  `IP:${apiAddress}`,
  "IP:10.96.0.1",
  ...["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"].map((n) =>
    `DNS:${n}`
  ),
];

/** Makes them in this directory. Returns the path of each user's kubeconfig. */
export async function makePki(directory: string): Promise<Readonly<Record<string, string>>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  const script = `set -e
openssl req -x509 ${curve} -days 30 -subj /CN=postdock -keyout ca.key -out ca.crt
openssl req ${curve} -subj /CN=kube-apiserver -keyout server.key -out server.csr
printf 'subjectAltName=${names.join(",")}' > names
openssl x509 -req -days 30 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt
openssl genrsa -out accounts.key 2048
openssl rsa -in accounts.key -pubout -out accounts.pub`;
  await execute(["bash", "-c", script], { timeoutMs: 60_000, cwd: directory });
  const tokens = Object.fromEntries(Object.keys(users).map((user) => [user, randomBytes(16).toString("hex")]));
  await writeFile(join(directory, "tokens.csv"), tokensCsv(tokens), { mode: 0o600 });
  const paths = configsOf(directory);
  for (const user of Object.keys(users)) {
    await writeFile(paths[user]!, kubeconfig(tokens[user]!, join(directory, "ca.crt")), { mode: 0o600 });
  }
  return paths;
}

/** The path of each user's kubeconfig in this directory. */
export const configsOf = (directory: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(users).map((user) => [user, join(directory, `${user}.conf`)]));
