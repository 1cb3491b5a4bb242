import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The settings file as JSON Schema (draft 2020-12), for editors: what may be written, before defaults are filled in. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves them out where a value is changed while it is read; they are of the written form.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      widen(jsonSchema);
    },
  });
}

/** Where a shorter form is taken as well (`also`, beside the schema that sees to it), either is fine. */
function widen(schema: Record<string, unknown>): void {
  const { also, description, examples, default: fallback, ...full } = schema;
  if (also === undefined) return;
  for (const key of Object.keys(full)) delete schema[key];
  delete schema['also'];
  schema['anyOf'] = [also, full];
}
