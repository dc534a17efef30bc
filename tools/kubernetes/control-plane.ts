// The control plane of the Kubernetes under test, the directory that holds its state, and who may order it about.
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { KubernetesClients } from "../kubernetes-clients.ts";
import { attempt } from "../terminal.ts";
import { kubernetesDirectory } from "./binaries.ts";
import { apiAddress, apiPort, apiServerArguments, etcdPort } from "./layout.ts";
import { endPrograms, startProgram } from "./processes.ts";

const deps = { clock: systemClock };
/** The state of the cluster: keys, logs, disks. */
export const runDirectory = join(kubernetesDirectory, "run");
const control = join(runDirectory, "control");
export const pki = join(runDirectory, "pki");
export const adminConfig = join(pki, "admin.conf");

/** The command line of kubectl as the administrator of this cluster. */
export const asAdmin = ({ kubectl }: KubernetesClients, argv: readonly string[]): string[] => [
  kubectl,
  `--kubeconfig=${adminConfig}`,
  ...argv,
];

/** Starts etcd, the API server, which it waits for, the controllers and the scheduler. */
export async function startControlPlane(
  programs: Readonly<Record<string, string>>,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const client = `http://127.0.0.1:${etcdPort}`;
  const etcd = [
    `--data-dir=${join(control, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
  ];
  await startProgram(control, "etcd", [
    programs.etcd!,
    ...etcd,
    "--listen-peer-urls=http://127.0.0.1:23800",
    "--unsafe-no-fsync",
  ]);
  await startApiServer(programs);
  await startProgram(control, "kube-controller-manager", [
    programs["kube-controller-manager"]!,
    `--kubeconfig=${configs["controller-manager"]}`,
    `--service-account-private-key-file=${join(pki, "accounts.key")}`,
    `--root-ca-file=${join(pki, "ca.crt")}`,
    "--use-service-account-credentials=true",
    "--leader-elect=false",
  ]);
  await startProgram(control, "kube-scheduler", [
    programs["kube-scheduler"]!,
    `--kubeconfig=${configs.scheduler}`,
    "--leader-elect=false",
  ]);
}

/** Starts the API server, and waits until it answers. */
export async function startApiServer(programs: Readonly<Record<string, string>>): Promise<void> {
  await startProgram(control, "kube-apiserver", [programs["kube-apiserver"]!, ...apiServerArguments(pki)]);
  const answers = async () => {
    const argv = ["curl", "-fsS", "--cacert", join(pki, "ca.crt"), `https://${apiAddress}:${apiPort}/readyz`];
    return (await attempt(argv, { timeoutMs: 5_000 })).code === 0;
  };
  await waitUntil(answers, { what: "the API server", deadlineMs: 120_000, everyMs: 500 }, deps);
}

/** Ends the API server at once. */
export const endApiServer = (): Promise<void> => endPrograms(control, /kube-apiserver/);

/** Ends all of it at once. */
export const endControlPlane = (): Promise<void> => endPrograms(control);
