/** A JSON object as a client sent it, of the types of AWS's model (model/typed.ts), read by the functions below. */
export type Input = Readonly<Record<string, unknown>>;

function read<T>(options: { input: Input; key: string; expected: string; is: (value: unknown) => value is T }) {
  const value = options.input[options.key];
  if (value === undefined || value === null) return undefined;
  if (!options.is(value))
    throw new Error(`'${options.key}' is not ${options.expected}, which the model should have refused`);
  return value;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
export const isInput = (value: unknown): value is Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isObjects = (value: unknown): value is Input[] => Array.isArray(value) && value.every(isInput);

export const text = (input: Input, key: string) => read({ input, key, expected: 'a string', is: isText });
export const number = (input: Input, key: string) => read({ input, key, expected: 'a number', is: isNumber });
export const flag = (input: Input, key: string) => read({ input, key, expected: 'a boolean', is: isFlag });
export const object = (input: Input, key: string) => read({ input, key, expected: 'a structure', is: isInput });
export const texts = (input: Input, key: string) => read({ input, key, expected: 'a list of strings', is: isTexts });
export const objects = (input: Input, key: string) =>
  read({ input, key, expected: 'a list of structures', is: isObjects });

/** A list of {name, value}, as ECS writes environments, as a record; the last of a name wins. */
export function pairs(input: Input, key: string): Record<string, string> {
  const entries = (objects(input, key) ?? []).map((pair) => [text(pair, 'name') ?? '', text(pair, 'value') ?? '']);
  return Object.fromEntries(entries);
}
