// The version of PostDock, written once.

export const POSTDOCK_VERSION = "2.0.0";
