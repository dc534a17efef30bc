// Against a server that speaks as much of PostgreSQL's protocol as a login and an empty query need.
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "./time.ts";
import { Names } from "./names.ts";
import { authorityOf } from "../postgres/authority.ts";
import type { Trust } from "../postgres/conninfo.ts";
import { withSession } from "./session.ts";

const message = (type: string, body = "") => {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`, "latin1");
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
};
const ready = message("Z", "I");
const welcome = Buffer.concat([message("R", "\0\0\0\0"), ready]);
const refusal = (code: string, text: string) => message("E", `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
const emptyResult = Buffer.concat([message("1"), message("2"), message("n"), message("C", "SELECT 1\0"), ready]);

/** An alert of TLS: handshake_failure (RFC 8446, 6). */
const noAgreement = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

interface Server {
  /** its answer to the request for TLS; after S it agrees to nothing */
  tls: "S" | "N";
  login: Buffer;
}

/** Runs a session with such a server; returns what came of it, and what the server was asked. */
async function sessionWith(
  { tls, login }: Server,
  trust: Trust = { hostAuthMethod: "trust", tls: "off", imageVersions: { postgres: "17" } },
): Promise<{ result: string; asked: string[] }> {
  const asked: string[] = [];
  const hear = (socket: Socket) => {
    let broken = false;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      if (broken) return socket.end(noAgreement);
      if (bytes.length === 8) {
        asked.push("TLS");
        broken = tls === "S";
        return socket.write(tls);
      }
      if (bytes[0] === 0) {
        asked.push("login");
        return login[0] === 0x52 ? socket.write(login) : socket.end(login);
      }
      if (bytes[0] === 0x70) {
        asked.push(`password ${bytes.toString("latin1", 5, bytes.length - 1)}`);
        return socket.end(refusal("28P01", "no"));
      }
      if (bytes[0] === 0x50) socket.write(emptyResult);
    });
  };
  const server = createServer(hear);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const authorities = () => Promise.resolve(authorityOf("a key").certificate);
  const options = { names: new Names(systemClock), deadlineMs: 4_000, connectMs: 2_000, authorities };
  const to = { host: "127.0.0.1", port, user: "u", password: "hush", database: "d", trust };
  const result = await withSession(to, options, () => Promise.resolve("in")).catch((e) => String(e.message));
  server.close();
  return { result, asked };
}

test("withSession() asks for TLS first, and goes on without where the server has none", async () => {
  assert.deepEqual(await sessionWith({ tls: "N", login: welcome }), { result: "in", asked: ["TLS", "login"] });
});

test("withSession() logs in without TLS where no TLS can be agreed on", async () => {
  assert.deepEqual(await sessionWith({ tls: "S", login: welcome }), { result: "in", asked: ["TLS", "login"] });
});

test("withSession() tries without TLS where pg_hba.conf lets nobody in, and reports the first refusal", async () => {
  const login = refusal("28000", "no pg_hba.conf entry");
  const { result, asked } = await sessionWith({ tls: "N", login });
  assert.match(result, /no pg_hba.conf entry/);
  assert.deepEqual(asked, ["TLS", "login", "login"]);
});

test("withSession() tries a wrong password once", async () => {
  const login = refusal("28P01", "password authentication failed");
  const { result, asked } = await sessionWith({ tls: "N", login });
  assert.match(result, /password authentication failed/);
  assert.deepEqual(asked, ["TLS", "login"]);
});

const scram: Trust = { hostAuthMethod: "scram-sha-256", tls: "off", imageVersions: { postgres: "17" } };
const request = (code: string, rest = "") => message("R", `\0\0\0${code}${rest}`);
const asksFor = {
  "a cleartext password": { login: request("\x03"), proof: "password", sent: "hush" },
  "a hashed password": { login: request("\x05", "salt"), proof: "md5", sent: "md5" },
} as const;

for (const [words, { login, proof, sent }] of Object.entries(asksFor)) {
  test(`withSession() sends no password, not even a hash, to a server that asks for ${words}`, async () => {
    const { result, asked } = await sessionWith({ tls: "N", login }, scram);
    assert.equal(result, `authentication method requirement "scram-sha-256" failed: server requested ${words}`);
    assert.deepEqual(asked, ["TLS", "login"]);
  });

  test(`withSession() answers a server that asks for ${words} where that is allowed`, async () => {
    const { asked } = await sessionWith({ tls: "N", login }, {
      hostAuthMethod: proof,
      tls: "off",
      imageVersions: { postgres: "17" },
    });
    assert.match(asked.at(-1)!, new RegExp(`^password ${sent}`));
  });
}

test("withSession() believes no server that lets in without a proof", async () => {
  const { result } = await sessionWith({ tls: "N", login: welcome }, scram);
  assert.match(result, /requirement "scram-sha-256" failed: server did not complete authentication/);
});

test("withSession() counts no longer than a moment for a server", async () => {
  const login = Buffer.concat([request("\x0a", "SCRAM-SHA-256\0\0"), request("\x0b", "r=x,s=c2FsdA==,i=2000000000")]);
  const { result } = await sessionWith({ tls: "N", login }, scram);
  assert.match(result, /more than 100000 iterations/);
});

test("withSession() gives no proof that an impostor could try passwords on quickly", async () => {
  const login = Buffer.concat([request("\x0a", "SCRAM-SHA-256\0\0"), request("\x0b", "r=x,s=c2FsdA==,i=1")]);
  const { result } = await sessionWith({ tls: "N", login }, scram);
  assert.match(result, /fewer than 4096 iterations/);
});

test("withSession() ends with a server that closes the connection", async () => {
  const closing = await sessionWith({ tls: "N", login: Buffer.alloc(0) });
  assert.match(closing.result, /closed/i);
});

test("withSession() tells a server nothing that has no TLS, or agrees on none, where servers have to show who they are", async () => {
  for (const tls of ["auto", "require"] as const) {
    const without = await sessionWith({ tls: "N", login: welcome }, { ...scram, tls });
    assert.deepEqual(without, { result: "server does not support SSL, but SSL was required", asked: ["TLS"] });
    const { asked } = await sessionWith({ tls: "S", login: welcome }, { ...scram, tls });
    assert.deepEqual(asked, ["TLS"]);
  }
});
