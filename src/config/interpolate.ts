import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { KeyPath } from '../util/yaml-document.ts';
import type { MadeFrom } from './config.ts';

/**
 * OmegaConf's `${oc.env:NAME,default}`, its short form `${env:NAME}`, and kedro-airflow-k8s's `${name|default}`; and as OmegaConf
 * has it, `\${` is no variable. What else begins with `${` is the third: a resolver that only Kedro has, or one in another.
 */
const VARIABLE =
  /\\\$\{|\$\{\s*(?:(?:oc\.)?env:(?<env>[^,{}]+)(?:,(?<fallback>[^{}]*))?|(?<name>\w+)\s*(?:\|(?<other>[^{}]*))?)\}|\$\{(?:[^{}]|\{[^{}]*\})*\}?/g;

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
      if (whole.startsWith('\\')) return whole.slice(1);
      const groups = matched.at(-1) as Record<string, string | undefined>;
      const [named, name, fallback, other] = ['env', 'name', 'fallback', 'other'].map((group) => groups[group]?.trim());
      if (named === undefined && name === undefined) {
        diagnostics.push(notFilledIn(whole, span));
        return '';
      }
      // The plugin reads `${commit_id}` from KEDRO_CONFIG_COMMIT_ID (hooks.py of 0.8.2).
      const variable = named ?? `KEDRO_CONFIG_${name?.toUpperCase()}`;
      variables.push(variable);
      if (other !== undefined) diagnostics.push(oldDefault(whole, { variable, fallback: other, span }));
      const found = env[variable] ?? fallback?.replace(/^(['"])(.*)\1$/, '$2') ?? other;
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

function notFilledIn(written: string, span: Span | undefined): Diagnostic {
  return diagnostic('config/unresolved-variable', {
    message: `Nothing here fills in '${written}'`,
    why: 'in settings of Wherry only variables of the environment are filled in: globals and parameters are Kedro’s',
    help: 'write the value, or ${oc.env:NAME,default}; where it is meant as it stands, \\${…}',
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
