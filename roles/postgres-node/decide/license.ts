// PURE: whether this node may be read-write now. Every way into read-write asks here.
import type { License } from "./view.ts";
import type { Role } from "./server-seen.ts";

export interface LicenseView {
  role: Role;
  /** this node's own marker: a majority of PARTNER_NODES has joined once */
  everHadMajority: boolean;
  /** PARTNER_NODES is empty on this node, and an upstream is configured */
  secondLevel: boolean;
  /** three voters or more, and QUORUM=on */
  leaseInForce: boolean;
  held: boolean;
}

/** The first row that applies counts. */
const table: readonly { applies: (v: LicenseView) => boolean; license: License; because: string }[] = [
  {
    // a standby has been cloned from a primary, which may have had a majority before this node has its marker
    applies: (v) => !v.everHadMajority && !(v.role === "standby" && v.leaseInForce),
    license: "not-needed",
    because: "a majority of PARTNER_NODES has not joined yet",
  },
  { applies: (v) => v.secondLevel, license: "missing", because: "a node of the second level never leads" },
  { applies: (v) => !v.leaseInForce, license: "not-needed", because: "no majority lease is in force" },
  { applies: (v) => v.held, license: "held", because: "this node holds the lease" },
  { applies: () => true, license: "missing", because: "this node does not hold the lease" },
];

export function decideLicense(view: LicenseView): { license: License; because: string } {
  const { license, because } = table.find((row) => row.applies(view))!;
  return { license, because };
}
