const SHOWN = 60;

/** The beginning of a text that may be long, for a message. */
export function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
