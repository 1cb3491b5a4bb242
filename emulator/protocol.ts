import { type Answer, json } from './answer.ts';
import { AwsError } from './aws-error.ts';
import { S3_OPERATION_NAMES } from './faults/s3-operation.ts';
import type { Input } from './input.ts';
import { getCallerIdentity } from './operations/get-caller-identity.ts';
import { OPERATIONS, SERVICES } from './operations/operations.ts';
import type { World } from './state.ts';

/** A request for an operation, in whichever protocol. */
export interface Call {
  /** As IAM has it: `ecs:RunTask`. */
  readonly name: string;
  /** Throws AwsError. */
  readonly input: () => Input;
  /** Throws AwsError. */
  readonly answer: (world: World) => Answer;
  readonly refuse: (error: AwsError) => Answer;
}

/** The operations there are, as IAM has them. */
export const OPERATION_NAMES = [...Object.keys(OPERATIONS).map(nameOf), 'sts:GetCallerIdentity', ...S3_OPERATION_NAMES];

function nameOf(target: string): string {
  const [prefix = '', name = prefix] = target.split('.');
  return `${SERVICES[prefix] ?? prefix}:${name}`;
}

/** STS has no X-Amz-Target: its requests are forms, with the operation in `Action`. */
export function callOf(target: string | string[] | undefined, body: string): Call {
  return typeof target === 'string' ? jsonCall(target, body) : formCall(body);
}

function jsonCall(target: string, body: string): Call {
  const name = nameOf(target);
  const operation = OPERATIONS[target];
  return {
    name,
    input: () => parsed(body),
    answer(world) {
      if (!operation) throw unknownOperation('UnknownOperationException', name);
      return json(200, operation(parsed(body), world));
    },
    refuse: ({ type, message, details, status }) => ({
      ...json(status, { __type: type, message, ...details }),
      errorType: type,
    }),
  };
}

function formCall(body: string): Call {
  const name = `sts:${new URLSearchParams(body).get('Action') ?? '(none)'}`;
  return {
    name,
    input: () => ({}),
    answer(world) {
      if (name !== 'sts:GetCallerIdentity') throw unknownOperation('InvalidAction', name);
      return { status: 200, type: 'text/xml', body: getCallerIdentity(world) };
    },
    refuse({ type, message, status }) {
      const error = `<Type>Sender</Type><Code>${escaped(type)}</Code><Message>${escaped(message)}</Message>`;
      return { status, type: 'text/xml', body: `<ErrorResponse><Error>${error}</Error></ErrorResponse>` };
    },
  };
}

function parsed(body: string): Input {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Input;
  } catch {
    // Falls through.
  }
  throw new AwsError('SerializationException', 'The request is not a JSON object');
}

const unknownOperation = (type: string, name: string) =>
  new AwsError(type, `The emulator does not do the operation ${name.replace(/^.*:/, '')}.`);

const escaped = (text: string) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
