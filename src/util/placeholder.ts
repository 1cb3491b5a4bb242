/** What stands for something that only the user knows, as our own texts have it: `YOUR-BUCKET`. */
export function placeholderIn(text: string): string | undefined {
  return /\bYOUR-[A-Z]+(-[A-Z]+)*\b/.exec(text)?.[0];
}
