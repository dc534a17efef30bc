// A host as every variable accepts it.
import { isIPv6 } from "node:net";
import { z } from "zod";
import { MalformedValue, withSchema } from "./env.ts";

/** A host name or IPv4 address that is valid in a URL, in libpq's host, in a list with colons and in /etc/hosts. */
export const hostName: (text: string) => string = (text) => {
  if (isIPv6(text.replace(/^\[(.*)\]$/, "$1"))) {
    throw new MalformedValue("is an IPv6 address, which is not accepted: give it a name, for example by extra_hosts");
  }
  return namedHost(text);
};

const namedHost = withSchema(
  z.string().regex(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/, "is not a host name or address"),
);
