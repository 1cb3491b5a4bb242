import { type AwsError, clientException, invalidParameter } from '../aws-error.ts';
import { type Input, isInput } from '../input.ts';
import { inputOf, placeIn, type Shape, structureOf } from './shapes.ts';

/** Something that the model does not allow. */
interface Violation {
  readonly at: string;
  /** The structure that it is a member of, and which member; of an element of a list, the list. */
  readonly owner: string;
  readonly member: string;
  /** Undefined: it is missing. */
  readonly value: unknown;
  readonly shape: Shape;
}

/** Refuses an input, of the right types, that lacks what the model requires or goes beyond what it allows. */
export function checkConstraints(input: Input, operation: string): void {
  const found = [...violations(input, { shape: inputOf(operation), at: '', owner: '', member: '' })];
  const [first] = found;
  if (first) throw operation.startsWith('logs:') ? refusalOfLogs(found) : refusalOfEcs(first, operation);
}

type Place = Omit<Violation, 'value'>;

function* violations(value: unknown, place: Place): Generator<Violation> {
  const { shape, at } = place;
  if (failures(value, shape).length > 0) yield { ...place, value };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (shape.member) yield* violations(item, { ...place, shape: shape.member, at: placeIn(at, index) });
    }
  } else if (isInput(value) && shape.type === 'structure') {
    const { members, required } = structureOf(shape);
    for (const [member, inner] of Object.entries(members)) {
      const owner = shape.structure?.replace(/^.*:/, '') ?? '';
      const next = { shape: inner, at: at ? `${at}.${member}` : member, owner, member };
      if (value[member] !== undefined) yield* violations(value[member], next);
      else if (required.includes(member)) yield { ...next, value: undefined };
    }
  } else if (isInput(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (shape.member) yield* violations(item, { ...place, shape: shape.member, at: `${at}.${key}.member` });
    }
  }
}

/** What the model says of a value in vain, in the words of AWS's validation framework. */
function failures(value: unknown, { enum: choices, min, max, pattern }: Shape): string[] {
  if (value === undefined) return ['not be null'];
  const isNumber = typeof value === 'number';
  const size = isNumber ? value : sizeOf(value);
  const measure = isNumber ? 'value' : 'length';
  return [
    ...(choices && !choices.includes(String(value)) ? [`satisfy enum value set: [${choices.join(', ')}]`] : []),
    ...(min !== undefined && size < min ? [`have ${measure} greater than or equal to ${min}`] : []),
    ...(max !== undefined && size > max ? [`have ${measure} less than or equal to ${max}`] : []),
    ...(pattern && !new RegExp(`^(?:${pattern})$`, 'u').test(String(value))
      ? [`satisfy regular expression pattern: ${pattern}`]
      : []),
  ];
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return isInput(value) ? Object.keys(value).length : 0;
}

function refusalOfLogs(found: readonly Violation[]): AwsError {
  const sentences = found.flatMap(({ at, value, shape }) =>
    failures(value, shape).map(
      (rule) => `Value${shown(value)} at '${at}' failed to satisfy constraint: Member must ${rule}`,
    ),
  );
  const errors = sentences.length === 1 ? '1 validation error' : `${sentences.length} validation errors`;
  return invalidParameter(`${errors} detected: ${sentences.join('; ')}`);
}

function shown(value: unknown): string {
  if (value === undefined) return ' null';
  return typeof value === 'object' ? '' : ` '${value}'`;
}

// ECS has words of its own for each member. These are like those that are known, listed in BEHAVIOUR.md.
function refusalOfEcs({ owner, member, value, shape }: Violation, operation: string): AwsError {
  const isRegistration = operation === 'ecs:RegisterTaskDefinition';
  const refusal = isRegistration ? clientException : invalidParameter;
  if (value !== undefined) return refusal(`Invalid ${member}: '${value}' should be one of [${shape.enum}].`);
  if (!isRegistration) return refusal(`${member} can not be empty.`);
  if (member === 'containerDefinitions') return refusal('Container list cannot be empty.');
  const name = owner.endsWith('Request')
    ? member.replace(/^./, (letter) => letter.toUpperCase())
    : `${owner}.${member}`;
  return refusal(`${name} should not be null or empty.`);
}
