// PURE: what the page tells step by step.

export interface Step {
  /** done; now: under way; next: not begun; stuck: it does not go on by itself */
  state: "done" | "now" | "next" | "stuck";
  what: string;
  /** what is known of it: why, since when, how long it took */
  more: string | null;
}

export interface Story {
  title: string;
  steps: readonly Step[];
}
