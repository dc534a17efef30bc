// The answer of a probe: yes or no, with the sentence that says why. Blind is never yes.

export interface Verdict {
  ok: boolean;
  because: string;
}

export const yes = (because: string): Verdict => ({ ok: true, because });
export const no = (because: string): Verdict => ({ ok: false, because });
