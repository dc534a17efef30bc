// Something at the address of an agent that is not that agent: it sees what is asked, and can answer, hand on and repeat.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";

export interface Place {
  host: string;
  port: number;
}

/** Answers a request; `body`: of the request. */
export type Between = (body: string, req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

function listening(server: Server, { host, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
}

async function ended(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Answers there while `work` is done. */
export async function withImpostor(at: Place, between: Between, work: () => Promise<void>): Promise<void> {
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    await between(body, req, res);
  });
  await listening(server, at);
  try {
    await work();
  } finally {
    await ended(server);
  }
}

/** An answer of the other agent. */
export interface HandedOn {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Hands a request on to another agent. */
export function handOn(
  { host, port }: Place,
  body: string,
  { headers, method, url: path }: IncomingMessage,
): Promise<HandedOn> {
  return new Promise((resolve, reject) => {
    const { host: _, ...rest } = headers;
    const on = request({ host, port, path, method, headers: rest, agent: false }, async (answer) => {
      let said = "";
      for await (const chunk of answer) said += chunk;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: said });
    });
    on.once("error", reject).end(body);
  });
}
