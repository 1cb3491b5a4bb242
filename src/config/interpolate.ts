import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { KeyPath } from '../util/yaml-document.ts';
import type { MadeFrom } from './config.ts';

/** OmegaConf's `${oc.env:NAME,default}`, its short form `${env:NAME}`, and kedro-airflow-k8s's `${name|default}`. */
const VARIABLE =
  /\$\{\s*(?:(?:oc\.)?env:\s*(?<env>[^,}]+?)\s*(?:,\s*(?<fallback>[^}]*?)\s*)?|(?<name>\w+)\s*(?:\|(?<other>[^}]*?)\s*)?)\}/g;

export interface Interpolated {
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  readonly madeFrom: readonly MadeFrom[];
}

/** `value` with every variable in its texts replaced. One that is not set and has no default is a diagnostic. */
export function interpolate(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  locate: (path: KeyPath) => Span | undefined,
): Interpolated {
  const diagnostics: Diagnostic[] = [];
  const madeFrom: MadeFrom[] = [];
  const fill = (text: string, path: KeyPath): string => {
    const span = locate(path);
    const variables: string[] = [];
    const filled = text.replace(VARIABLE, (whole: string, ...matched: unknown[]) => {
      const groups = matched.at(-1) as Record<'env' | 'fallback' | 'name' | 'other', string | undefined>;
      // The plugin reads `${commit_id}` from KEDRO_CONFIG_COMMIT_ID (hooks.py of 0.8.2).
      const variable = groups.env ?? `KEDRO_CONFIG_${groups.name?.toUpperCase()}`;
      const fallback = groups.fallback?.replace(/^(['"])(.*)\1$/, '$2') ?? groups.other;
      variables.push(variable);
      if (groups.other !== undefined) diagnostics.push(oldDefault(whole, { variable, fallback: groups.other, span }));
      const found = env[variable] ?? fallback;
      if (found === undefined) diagnostics.push(unset(variable, span));
      return found ?? '';
    });
    if (span !== undefined && variables.length > 0) madeFrom.push({ span, variables });
    return filled;
  };
  const walk = (item: unknown, path: KeyPath): unknown => {
    if (Array.isArray(item)) return item.map((entry, index) => walk(entry, [...path, index]));
    if (item !== null && typeof item === 'object')
      return Object.fromEntries(Object.entries(item).map(([key, entry]) => [key, walk(entry, [...path, key])]));
    return typeof item === 'string' && item.includes('${') ? fill(item, path) : item;
  };
  return { value: walk(value, []), diagnostics, madeFrom };
}

function unset(name: string, span: Span | undefined): Diagnostic {
  return diagnostic('config/unresolved-variable', {
    message: `The environment variable '${name}' is not set`,
    why: 'this setting is made from it, and it has no default',
    help: `set it, or give a default: \${oc.env:${name},some-default}`,
    span,
  });
}

function oldDefault(
  written: string,
  { variable, fallback, span }: { variable: string; fallback: string; span: Span | undefined },
): Diagnostic {
  return diagnostic('airflow-k8s/old-spelling', {
    message: `'${written}' is read as the variable '${variable}', else '${fallback}'`,
    why: 'the spelling is that of a configuration loader which Kedro no longer has',
    help: `write \${oc.env:${variable},${fallback}}`,
    span,
  });
}
