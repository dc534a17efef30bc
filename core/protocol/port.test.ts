import assert from "node:assert/strict";
import { test } from "node:test";
import { httpPortOf } from "./port.ts";

test("httpPortOf() reads POSTDOCK_PORT or its file, and takes 8080 where there is none that can be one", () => {
  const port = (environment: Record<string, string>) => httpPortOf({ environment, readFile: () => "9000\n" });
  assert.equal(port({}), 8080);
  assert.equal(port({ POSTDOCK_PORT: "9090" }), 9090);
  assert.equal(port({ POSTDOCK_PORT: "" }), 8080);
  assert.equal(port({ POSTDOCK_PORT_FILE: "/run/secrets/port" }), 9000);
  for (const bad of ["tcp://10.0.0.1:8080", "0", "65536", "80.5"]) {
    assert.equal(port({ POSTDOCK_PORT: bad }), 8080, bad);
  }
});
