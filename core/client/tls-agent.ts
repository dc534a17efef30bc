// Connections to other agents by TLS. Whose certificate it is is checked as for PostgreSQL, but for its dates: on what the containers
// tell each other the lease depends, and it must not end with a certificate.
import { X509Certificate } from "node:crypto";
import { Agent, type AgentOptions } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { certificatesIn, leadsTo } from "../postgres/tls-pair.ts";
import { after } from "../runtime/time.ts";
import { errorText } from "../words/errors.ts";

/** Longest time until a connection is there and encrypted, milliseconds: who waits for it may have given up before. */
const openMs = 5_000;

/** The other side does not speak TLS, or shows a certificate that is not to be trusted. */
export class NotEncrypted extends Error {
  override name = "NotEncrypted";
}

interface Target {
  /** an address */
  host: string;
  port: number;
  /** the name for which the certificate has to be; an address: it may be for any name */
  servername: string;
}

/** As http.Agent, for requests whose options have a `servername`. */
export class TlsAgent extends Agent {
  /** `authorities`: whom this container trusts at that moment, PEM; null: nobody */
  constructor(options: AgentOptions, private readonly authorities: () => string | null) {
    super(options);
  }

  override getName(options: Parameters<Agent["getName"]>[0]): string {
    return `${super.getName(options)}:${(options as unknown as Target).servername}`;
  }

  override createConnection(options: object, done?: (error: Error | null, socket: Socket) => void) {
    const failed = (error: Error) => done?.(error, undefined as unknown as Socket);
    open(options as Target, this.authorities()).then((socket) => done?.(null, socket), failed);
    return undefined as unknown as ReturnType<Agent["createConnection"]>; // `done` gets it
  }
}

async function open({ host, port, servername }: Target, authorities: string | null): Promise<Socket> {
  const plain = connect({ host, port });
  const cancel = after(openMs, () => plain.destroy(new Error(`no connection within ${openMs / 1000} s`)));
  plain.once("close", cancel);
  await new Promise<void>((resolve, reject) => {
    plain.once("connect", resolve);
    plain.once("error", reject);
  });
  const name = isIP(servername) ? {} : { servername };
  const secure = connectTls({ socket: plain, ...name, rejectUnauthorized: false }); // checked below
  try {
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
      plain.once("close", () => reject(new Error("it closes the connection")));
    });
    requireTrusted(secure, servername, authorities);
    cancel();
    return secure;
  } catch (error) {
    plain.destroy();
    throw new NotEncrypted(`no TLS with ${servername}: ${errorText(error)}`, { cause: error });
  }
}

/** Throws an Error with the reason. */
function requireTrusted(socket: TLSSocket, name: string, authorities: string | null): void {
  const chain = chainOf(socket.getPeerCertificate(true));
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("it shows no certificate");
  // barman is asked at the address from which it came: certificates name hosts, and what it answers is signed in any case
  const fits = isIP(name) ? name : leaf.checkHost(name);
  if (fits === undefined) throw new Error(`its certificate is not for ${name}: ${leaf.subjectAltName ?? "no names"}`);
  const trusted = authorities === null ? [] : certificatesIn(authorities) ?? [];
  if (!leadsTo(chain, trusted)) throw new Error("its certificate is not signed by an authority of this cluster");
}

/** The last one of a chain names itself. */
function chainOf(peer: DetailedPeerCertificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at = peer; at?.raw !== undefined && chain.length < 10; at = at.issuerCertificate) {
    chain.push(new X509Certificate(at.raw));
    if (at.issuerCertificate === at) break;
  }
  return chain;
}
