import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What stands for Secrets Manager and Parameter Store: the values of a YAML file, by name or ARN. */
export type Secrets = (valueFrom: string) => string | undefined;

/**
 * Reads the file anew for every task, so that it can be changed while the emulator runs. A file that is not there holds
 * nothing. Throws when it is no YAML.
 */
export function secretsFile(path: string): Secrets {
  return (valueFrom) => lookUp(valueFrom, read(path));
}

function read(path: string): Readonly<Record<string, unknown>> {
  try {
    return (parse(readFileSync(path, 'utf8')) ?? {}) as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html: `arn:…:secret:NAME-6chars:json-key:stage:id`. */
const SECRET = /^(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:([^:]+?)(?:-[A-Za-z0-9]{6})?)(?::([^:]*):[^:]*:[^:]*)?$/;
/** …/secrets-envvar-ssm-parameter.html: an ARN, or the name alone. */
const PARAMETER = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/.+)$/;

function lookUp(valueFrom: string, values: Readonly<Record<string, unknown>>): string | undefined {
  const [, secretArn, secretName, key] = SECRET.exec(valueFrom) ?? [];
  const parameter = PARAMETER.exec(valueFrom)?.[1];
  const names = [valueFrom, secretArn, secretName, parameter, parameter?.slice(1)];
  const name = names.find((candidate) => candidate !== undefined && Object.hasOwn(values, candidate));
  if (name === undefined) return undefined;
  const value = values[name];
  return key ? textOf(fields(value)[key]) : textOf(value);
}

/** A secret with keys is JSON text in AWS; here it may be a map of its own as well. */
function fields(value: unknown): Readonly<Record<string, unknown>> {
  const map: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return typeof map === 'object' && map !== null ? (map as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
