// PURE: which programs make a Kubernetes under test, and the Go modules that they are built from.

/** Programs that come from one Go module. */
export interface Part {
  name: string;
  module: string;
  version: string;
  /** package path of each program */
  programs: Readonly<Record<string, string>>;
  linkerFlags: readonly string[];
  /** Kubernetes' own go.mod names its other modules with v0.0.0: they are of this version */
  staged: string | null;
}

const kubernetes = "1.34.4";

export const parts: readonly Part[] = [
  {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    version: "v3.6.16",
    programs: { etcd: "go.etcd.io/etcd/server/v3" },
    linkerFlags: [],
    staged: null,
  },
  {
    name: "kubernetes",
    module: "k8s.io/kubernetes",
    version: `v${kubernetes}`,
    programs: Object.fromEntries(
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"].map((name) => [
        name,
        `k8s.io/kubernetes/cmd/${name}`,
      ]),
    ),
    linkerFlags: ["-X", `k8s.io/component-base/version.gitVersion=v${kubernetes}`],
    staged: `v0.${kubernetes.replace(/^1\./, "")}`,
  },
  {
    name: "coredns",
    module: "github.com/coredns/coredns",
    version: "v1.13.1",
    programs: { coredns: "github.com/coredns/coredns" },
    linkerFlags: [],
    staged: null,
  },
  {
    name: "local-path-provisioner",
    module: "github.com/rancher/local-path-provisioner",
    version: "v0.0.30",
    programs: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
    linkerFlags: [],
    staged: null,
  },
];

/** The modules that a go.mod requires at v0.0.0: they are published elsewhere under versions of their own. */
export function stagedModules(goMod: string): string[] {
  return [...goMod.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0$/gm)].map((m) => m[1]!);
}

/** The go.mod of a module that needs the part; `staged`: modules of Kubernetes that need a version. */
export function goMod({ name, module, version, staged: of }: Part, staged: readonly string[]): string {
  const replaced = staged.map((m) => `replace ${m} => ${m} ${of}\n`).join("");
  return `module postdock/${name}\n\ngo 1.26.0\n\nrequire ${module} ${version}\n\n${replaced}`;
}

/** Names the programs, so that Go finds out what they need. */
export function importsOf({ programs }: Part): string {
  const imports = Object.values(programs).map((path) => `import _ "${path}"\n`).join("");
  return `//go:build tools\n\npackage tools\n\n${imports}`;
}
