// PURE: which of two nodes a message is about, where a tool or a WAL receiver of one repeats what the server of the other said.
import type { Where } from "./remedy-login.ts";

/** What a server says has its severity in capitals before it; here, of its own files and volume. */
const ofItsFiles =
  /\b(?:ERROR|FATAL|PANIC): +.*(?:Permission denied|No space left on device|Disk quota exceeded|Input\/output error|could not (?:open|read|stat|access) (?:file|directory))/s;

/** The node whose files a message on `here` is about, if it was said by the server of `there`; null: nobody there. */
export const concerned = (message: string, here: Where, there: string | null): Where =>
  there !== null && ofItsFiles.test(message) ? { host: there } : here;
