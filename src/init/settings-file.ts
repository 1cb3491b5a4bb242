import { configJsonSchema } from '../config/json-schema.ts';
import type { WrittenSettings } from '../config/schema.ts';
import { flowYaml } from '../util/yaml-document.ts';

interface KeySchema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
}

/** Keys of kedro-airflow-k8s, which a wherry.yml has only where a value for them is given. */
const ONLY_WHERE_GIVEN = new Set(['host', 'output', 'run_config']);

const HEAD = `# Settings of Wherry. A key behind a # is not set: what stands there is its default or an example.
`;

/** A wherry.yml with every key that there is, explained; the ones that `values` has are set. */
export function settingsFile(values: WrittenSettings): string {
  const schema = configJsonSchema() as KeySchema;
  return `${HEAD}${entries(schema.properties ?? {}, values as Record<string, unknown>, '').join('\n')}\n`;
}

function entries(properties: NonNullable<KeySchema['properties']>, values: Record<string, unknown>, indent: string) {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const value = values[key];
    if (value === undefined && (indent === '' ? ONLY_WHERE_GIVEN.has(key) : false)) return [];
    return [...(indent === '' ? [''] : []), ...entry(key, schema, value, indent)];
  });
}

function entry(key: string, schema: KeySchema, value: unknown, indent: string): string[] {
  const explanation = `${indent}# ${explain(schema)}`;
  if (schema.properties === undefined || Array.isArray(value)) {
    const text = `${key}: ${flowYaml(value ?? schema.examples?.[0] ?? schema.default ?? schema.enum?.[0] ?? '')}`;
    return [explanation, value === undefined ? `${indent}#${text}` : `${indent}${text}`];
  }
  if (typeof value !== 'object' || value === null) {
    const inner = entries(schema.properties, {}, '  ').map((line) => `${indent}#${line.replace(/^( *)#(?! )/, '$1')}`);
    return [explanation, `${indent}#${key}:`, ...inner];
  }
  return [
    explanation,
    `${indent}${key}:`,
    ...entries(schema.properties, value as Record<string, unknown>, `${indent}  `),
  ];
}

function explain({ description, enum: choices }: KeySchema): string {
  const list = choices === undefined || choices.length < 2 ? '' : choices.join(', ');
  return [description, list].filter(Boolean).join(': ') || 'Any value';
}
