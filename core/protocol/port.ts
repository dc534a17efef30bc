/** The port every container serves HTTP on (DESIGN.md section 2). */
export const httpPort = 8080;
