// PURE: the settings of the agent's own sessions.
import type { ImageVersions } from "../../../config/image-versions.ts";
import { hasFeature } from "../../../config/postgres-features.ts";

export type Versions = Pick<ImageVersions, "postgres">;

/** What an operator sets for all sessions is not meant for the agent's. */
export const ownSession = (versions: Versions): Readonly<Record<string, string | number>> => ({
  statement_timeout: 0,
  idle_session_timeout: 0,
  ...hasFeature(versions, "transaction_timeout") ? { transaction_timeout: 0 } : {},
  default_transaction_read_only: "off",
  search_path: "pg_catalog", // nobody else's names, whoever owns the database
});
