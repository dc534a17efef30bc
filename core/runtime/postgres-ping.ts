// Whether a PostgreSQL server answers at all, by the first packet of the protocol, without a login or a library.
// A frozen server accepts the connection and then says nothing, so only an answered packet counts.
import { connect } from "node:net";
import { after } from "./time.ts";

/** SSLRequest: length 8, code 80877103 (manual, 53.7); every server answers it with one byte, S or N. */
export const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);

/** True if the server answered within `timeoutMs`; never throws. */
export function postgresAnswers(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (answers: boolean) => {
      cancel();
      socket.destroy();
      resolve(answers);
    };
    const cancel = after(timeoutMs, () => done(false));
    socket.once("connect", () => socket.write(sslRequest));
    socket.once("data", (answer: Uint8Array) => done(answer[0] === 0x53 || answer[0] === 0x4e));
    socket.once("close", () => done(false));
    socket.on("error", () => done(false));
  });
}
