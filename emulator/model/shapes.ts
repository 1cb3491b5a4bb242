import model from './shapes.json' with { type: 'json' };

/** What a value of a request may be, as AWS's own models have it. */
export interface Shape {
  readonly type: string;
  /** The name of a structure. */
  readonly structure?: string;
  /** Of a list or a map: its values. */
  readonly member?: Shape;
  readonly enum?: readonly string[];
  /** Of a number its value, of anything else its length. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
}

export interface Structure {
  readonly members: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
}

const structures = new Map<string, Structure>(Object.entries(model.structures));

/** The shape of the input of an operation, given as IAM has it. */
export const inputOf = (operation: string): Shape => ({ type: 'structure', structure: `${operation}Request` });

/** Of a shape that is a structure. */
export function structureOf({ structure = '' }: Shape): Structure {
  const found = structures.get(structure);
  if (!found) throw new Error(`run emulator/model/generate.py: shapes.json has no ${structure}`);
  return found;
}

/** Where a value is, as AWS writes it: `logEvents.1.member.message`. */
export const placeIn = (list: string, index: number): string => `${list}.${index + 1}.member`;
