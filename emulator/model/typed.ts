import { AwsError } from '../aws-error.ts';
import { type Input, isInput } from '../input.ts';
import { inputOf, placeIn, type Shape, structureOf } from './shapes.ts';

// Deeper than any shape goes; only what no shape knows can be so deep.
const DEEPEST = 100;

/**
 * A request as its operation gets it: of the types that the model has, or a SerializationException, and without nulls,
 * which count as absent. What the model does not know stays as it is, for an operation to keep or to pass over.
 * The words are those of the framework that AWS's services share, as mhart/dynalite has written them down.
 */
export function typedInput(value: unknown, operation: string): Input {
  return typed(value, { shape: inputOf(operation), at: '', depth: 0 }) as Input;
}

interface Place {
  /** Undefined for what the model does not know. */
  readonly shape: Shape | undefined;
  readonly at: string;
  readonly depth: number;
}

function typed(value: unknown, { shape, at, depth }: Place): unknown {
  if (depth > DEEPEST) throw wrong('Too many levels', at);
  const inner = (item: unknown, place: Pick<Place, 'shape' | 'at'>) => typed(item, { ...place, depth: depth + 1 });
  if (Array.isArray(value)) {
    if (shape && shape.type !== 'list') throw wrong('Start of list found where not expected', at);
    return value
      .filter((item) => item !== null)
      .map((item, index) => inner(item, { shape: shape?.member, at: placeIn(at, index) }));
  }
  if (isInput(value)) {
    if (shape && shape.type !== 'structure' && shape.type !== 'map') {
      throw wrong('Start of structure or map found where not expected.', at);
    }
    const members = Object.entries(value).filter(([, item]) => item !== null);
    return Object.fromEntries(
      members.map(([key, item]) => [key, inner(item, { shape: memberOf(shape, key), at: at ? `${at}.${key}` : key })]),
    );
  }
  if (shape) checkScalar(value, shape, at);
  return value;
}

function memberOf(shape: Shape | undefined, key: string): Shape | undefined {
  if (shape?.type !== 'structure') return shape?.member;
  const { members } = structureOf(shape);
  return Object.hasOwn(members, key) ? members[key] : undefined;
}

function checkScalar(value: unknown, { type }: Shape, at: string): void {
  if (type === 'list' || type === 'map') throw wrong(`Expected ${type} or null`, at);
  if (type === 'structure') throw wrong('Expected null', at);
  const isRight = type === typeof value || (Number.isSafeInteger(value) && (type === 'integer' || type === 'long'));
  if (isRight) return;
  const given = typeof value === 'boolean' ? String(value) : typeof value;
  const wanted = `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  throw wrong(`${given.toUpperCase()}_VALUE can not be converted to ${wanted}`, at);
}

/** AWS does not say where. */
const wrong = (words: string, at: string) =>
  new AwsError('SerializationException', at === '' ? words : `${words} (${at})`);
