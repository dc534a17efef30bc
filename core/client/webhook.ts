// Sends one text to an address outside the cluster.

export interface Post {
  url: string;
  body: string;
  headers: Readonly<Record<string, string>>;
  timeoutMs: number;
}

/** POST of JSON. Throws unless the answer is 2xx; a redirection is not followed. The address is in no error of ours. */
export async function postOutside({ url, body, headers, timeoutMs }: Post): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { ...headers, "content-type": "application/json" },
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
}
