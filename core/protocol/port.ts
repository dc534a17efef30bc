/** The port on which every container serves HTTP. */
export const httpPort = 8080;
