// Against servers that speak the login of PostgreSQL, genuine and not: what they say of a password.
import assert from "node:assert/strict";
import { createHmac, pbkdf2Sync } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Names } from "./names.ts";
import { systemClock } from "./time.ts";
import { tryLogin } from "./try-login.ts";

const message = (type: string, body: string) => {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`, "latin1");
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
};
const request = (code: number, rest = "") => message("R", `\0\0\0${String.fromCharCode(code)}${rest}`);
const refusal = (code: string) => message("E", `SFATAL\0VFATAL\0C${code}\0Mno\0\0`);
const letIn = request(0);
const ready = message("Z", "I");
const selected = Buffer.concat([
  message("1", ""),
  message("2", ""),
  message("n", ""),
  message("C", "SELECT 0\0"),
  ready,
]);

const salt = Buffer.from("salt");
const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The server's proof that it knows the password. */
function proofOf(password: string, spoken: string): string {
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  return hmac(hmac(salted, "Server Key"), spoken).toString("base64");
}

/** What a login with "hush" comes to at a server; `after`: what it sends once it has seen the proof, and proves that it knows. */
async function tried(after: (proof: Buffer) => Buffer, knows = "hush"): Promise<string> {
  const hear = (socket: Socket) => {
    let [asked, first, challenge] = [0, "", ""];
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      if (bytes.length === 8) return void socket.write("N");
      asked++;
      if (asked === 1) return void socket.write(request(10, "SCRAM-SHA-256\0\0"));
      if (asked === 2) {
        first = bytes.toString("latin1").split("n,,")[1]!;
        challenge = `r=${first.split("r=")[1]}more,s=${salt.toString("base64")},i=4096`;
        return void socket.write(request(11, challenge));
      }
      if (asked > 3) return void socket.write(selected);
      const shown = bytes.toString("latin1", 5).split(",p=")[0]!;
      socket.write(after(request(12, `v=${proofOf(knows, [first, challenge, shown].join())}`)));
    });
  };
  const server = createServer(hear);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const trust = { hostAuthMethod: "scram-sha-256", tls: "off", imageVersions: { postgres: "17" } } as const;
  const to = { host: "127.0.0.1", port, user: "u", password: "hush", database: "d", trust };
  const came = await tryLogin(to, new Names(systemClock));
  server.close();
  return came;
}

test("a password works where the server lets in, also if the role may not connect to that database or it is gone", async () => {
  assert.equal(await tried((proof) => Buffer.concat([proof, letIn, ready])), "works");
  for (const code of ["42501", "3D000", "53300", "55000", "28000"]) {
    assert.equal(await tried((proof) => Buffer.concat([proof, letIn, refusal(code)])), "works", code);
  }
});

test("a server that refuses before it lets in has refused the password, bars the role, or says nothing of it", async () => {
  assert.equal(await tried(() => refusal("28P01")), "refused");
  assert.equal(await tried(() => refusal("28000")), "barred");
  for (const code of ["53300", "57P03", "42501"]) assert.equal(await tried(() => refusal(code)), "unknown", code);
});

test("a server that does not know the password proves nothing by letting in, whatever it says before or after", async () => {
  const ways: ((proof: Buffer) => Buffer[])[] = [
    (proof) => [proof, letIn, ready],
    (proof) => [proof, letIn, refusal("42501")],
    (proof) => [refusal("42501"), proof, letIn],
    (proof) => [proof, refusal("42501"), letIn],
    () => [letIn, refusal("42501")],
    () => [refusal("42501"), letIn],
  ];
  for (const way of ways) {
    assert.equal(await tried((proof) => Buffer.concat(way(proof)), "else"), "unknown", String(way));
  }
});
