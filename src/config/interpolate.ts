import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { KeyPath } from '../util/yaml-document.ts';

const VARIABLE = /\$\{\s*(?:oc\.)?env:\s*([^,}]+?)\s*(?:,\s*([^}]*?)\s*)?\}/g;

/** `value` with every `${oc.env:NAME,default}` (and `${env:NAME}`) in its texts replaced. An unset variable is a diagnostic. */
export function interpolate(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  locate: (path: KeyPath) => Span | undefined,
): { value: unknown; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const walk = (item: unknown, path: KeyPath): unknown => {
    if (Array.isArray(item)) return item.map((entry, index) => walk(entry, [...path, index]));
    if (item !== null && typeof item === 'object')
      return Object.fromEntries(Object.entries(item).map(([key, entry]) => [key, walk(entry, [...path, key])]));
    if (typeof item !== 'string' || !item.includes('${')) return item;
    return item.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
      const found = env[name] ?? fallback?.replace(/^(['"])(.*)\1$/, '$2');
      if (found === undefined) diagnostics.push(unset(name, locate(path)));
      return found ?? '';
    });
  };
  return { value: walk(value, []), diagnostics };
}

function unset(name: string, span: Span | undefined): Diagnostic {
  return diagnostic('config/unresolved-variable', {
    message: `The environment variable '${name}' is not set`,
    why: 'this setting is made from it, and it has no default',
    help: `set it, or give a default: \${oc.env:${name},some-default}`,
    span,
  });
}
