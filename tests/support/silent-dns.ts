// A DNS server in a container that swallows all questions, as one that is cut off does, and the way back.
import { type Edit, serviceOf } from "./compose-file.ts";

const kept = "/tmp/resolv.kept";
const listen = 'socket(S,PF_INET,SOCK_DGRAM,0); bind(S,sockaddr_in(53,inet_aton("127.0.0.53"))) or die; sleep 600';
const asked = `cat /etc/resolv.conf > ${kept}; echo nameserver 127.0.0.53 > /etc/resolv.conf`;
const server = `exec -a silent-dns perl -MSocket -e '${listen}'`;

/** A shell script after which names do not resolve. It runs as long as the server does. */
export const swallowQuestions = `${asked}; ${server}`;

/** A shell script after which they resolve again. */
export const answerQuestions = `cat ${kept} > /etc/resolv.conf; pkill -f '^silent-dns'`;

/** Names do not resolve from the first start of these services on, until answerQuestions ran in each. */
export const startsWithoutDns = (services: readonly string[]): Edit => (file) => {
  for (const name of services) {
    const service = serviceOf(file, name);
    service.entrypoint = [
      "tini",
      "--",
      "bash",
      "-c",
      `test -e ${kept} || { ${asked}; (${server}) & }; exec postdock "$@"`,
      "postdock",
    ];
    service.command = ["postgres-node", "entrypoint"]; // an entrypoint of one's own takes the image's command away
  }
};
