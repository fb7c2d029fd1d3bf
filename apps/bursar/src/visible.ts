/** Controls, formatting (it turns the order of letters around), line and paragraph ends. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Somebody else's text as one line that shows all of it: a memo must not write lines of ours, nor steer the terminal. */
export const visible = (text: string): string => text.replace(INVISIBLE, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
