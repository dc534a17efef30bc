/** The port on which every container serves HTTP, unless POSTDOCK_PORT names another. */
export const defaultHttpPort = 8080;
