/**
 * Airflow renders the strings that an operator is given as Jinja templates. What Jinja would read as its own, or change
 * (a carriage return, a newline at the end), is wrapped as a string constant of Jinja's.
 */
export function jinjaText(text: string): string {
  return /\{[{%#]|\r|\n$/.test(text) ? `{{ ${jinjaString(text)} }}` : text;
}

/** The same for every string inside a value; the keys of objects stay, as Airflow does not render them. */
export function jinjaDeep<T>(value: T): T {
  if (typeof value === 'string') return jinjaText(value) as T;
  if (Array.isArray(value)) return value.map(jinjaDeep) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jinjaDeep(item)])) as T;
}

/** Jinja decodes its string constants as Python does. */
export function jinjaString(text: string): string {
  const escapes = Array.from(text, (sign) => {
    if (sign === '\\' || sign === "'") return `\\${sign}`;
    const code = sign.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : sign;
  });
  return `'${escapes.join('')}'`;
}
