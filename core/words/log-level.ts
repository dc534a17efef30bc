// LOG_LEVEL's values, from the most to the least; a log drops what is below its own.

export const logLevels = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"] as const;
export type LogLevel = typeof logLevels[number];
