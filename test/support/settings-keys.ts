/** A part of the JSON Schema of the settings. */
interface KeySchema {
  readonly type?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly items?: KeySchema;
  readonly anyOf?: readonly KeySchema[];
}

export interface SettingsKey {
  /** Dotted; `<name>` for a name that is the user's to choose. */
  readonly path: string;
  readonly schema: KeySchema;
}

/** The keys of the settings but those of kedro-airflow-k8s, which have a page of their own. */
export function settingsKeys(schema: object): SettingsKey[] {
  const own = Object.entries((schema as KeySchema).properties ?? {}).filter(([key]) => !UPSTREAM.has(key));
  return own.flatMap(([key, inner]) => keysAt(key, inner));
}

const UPSTREAM = new Set(['host', 'output', 'run_config']);

function keysAt(path: string, schema: KeySchema): SettingsKey[] {
  return [{ path, schema }, ...[schema, ...(schema.anyOf ?? [])].flatMap((form) => keysBelow(path, form))];
}

function keysBelow(path: string, { properties = {}, additionalProperties: named, items }: KeySchema): SettingsKey[] {
  const below = Object.entries(properties).flatMap(([key, inner]) => keysAt(`${path}.${key}`, inner));
  const ofNames = typeof named === 'object' ? keysAt(`${path}.<name>`, named).slice(1) : [];
  return [...below, ...ofNames, ...(items === undefined ? [] : keysAt(path, items).slice(1))];
}
