// One value of a metric, as pure code hands it on.

/** One value of a metric. A value that could not be seen is left out, never zero. */
export interface Sample {
  name: string;
  help: string;
  labels?: Record<string, string>;
  value: number;
}
