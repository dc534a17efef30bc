// Moved to runtime/, where every role finds it; kept under its old name for the files beside this one.
export * from "../runtime/lsn.ts";
