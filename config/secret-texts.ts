// PURE: what is special about variables that hold secrets.

/** The texts in the value of a secret variable; of a list of users the passwords. */
export function secretTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(secretTexts);
  return typeof value === "object" && value !== null && "password" in value ? secretTexts(value.password) : [];
}

/** The default of a secret is known to everybody: it must not come into use because a file is not written yet. */
export const emptySecret = (fileVariable: string, path: string) => ({
  variable: fileVariable,
  message: `${fileVariable} names ${path}, which is empty`,
  fix: `write the value into it, or remove ${fileVariable}`,
});
