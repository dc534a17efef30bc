// The script of the page: it puts each part that has changed in its place. What the reader has selected or focused stays.
export const script = `
(() => {
  const live = document.getElementById("live");
  const waiting = {};
  let last = 0;
  const say = (on, text) => {
    live.className = on ? "on" : "off";
    live.textContent = text;
    document.body.classList.toggle("stale", !on);
  };
  const put = (id, html) => {
    const place = document.getElementById(id);
    if (!place) return;
    const chosen = getSelection();
    if (chosen && !chosen.isCollapsed && place.contains(chosen.anchorNode)) {
      waiting[id] = html;
      return;
    }
    delete waiting[id];
    const all = (what) => [...place.querySelectorAll(what)];
    const open = all("details").map((d) => d.open);
    const focused = all("summary").indexOf(document.activeElement);
    place.innerHTML = html;
    all("details").forEach((d, i) => d.open = open[i] ?? false);
    all("summary")[focused]?.focus();
  };
  const lost = () => say(false, last === 0
    ? "not live: reload the page to look again"
    : "no answer since " + new Date(last).toISOString().slice(11, 19) + " UTC; this is what was seen then");
  const source = new EventSource("live");
  source.onmessage = ({ data }) => {
    const parts = JSON.parse(data);
    last = Date.now();
    if (parts.title) document.title = parts.title;
    for (const id in parts) if (id !== "title") put(id, parts[id]);
    say(true, "live");
  };
  source.onerror = lost;
  setInterval(() => { if (last && Date.now() - last > 6000) lost(); }, 1000);
  document.addEventListener("selectionchange", () => { for (const id in waiting) put(id, waiting[id]); });
})();
`.replaceAll(/\n\s*/g, "\n");
