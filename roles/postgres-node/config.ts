// Reads and completes the configuration of this role from a command's context.
import { hostname } from "node:os";
import { completeNodeConfig, type NodeConfig, postgresNodeVariables } from "../../config/postgres-node.ts";
import type { Context } from "../../core/runtime/context.ts";
import { ConfigError, loadConfig } from "../../core/runtime/start.ts";

/** Throws ConfigError with every problem. */
export function loadNodeConfig(context: Context): NodeConfig {
  const completed = completeNodeConfig(loadConfig(postgresNodeVariables, context), hostname());
  if (!completed.ok) throw new ConfigError(completed.problems);
  return completed.config;
}
