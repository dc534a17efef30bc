// The answer of a probe: yes or no, with a sentence that says why. What could not be seen is never yes.

export interface Verdict {
  ok: boolean;
  because: string;
}

export const yes = (because: string): Verdict => ({ ok: true, because });
export const no = (because: string): Verdict => ({ ok: false, because });
