// PURE: the names by which others reach a container, for the certificate that it makes itself.

/** The name that the others use comes first; then its own, the operator's further ones, and those inside the container. */
export function tlsHosts(host: string | null, hostname: string, further: readonly string[]): string[] {
  return [...new Set([host ?? hostname, hostname, ...further, "localhost", "127.0.0.1", "::1"])];
}
