import { type Answer, JSON_TYPE, json } from './answer.ts';
import { AwsError } from './aws-error.ts';
import { S3_OPERATION_NAMES } from './faults/s3-operation.ts';
import type { Input } from './input.ts';
import { checkConstraints } from './model/constraints.ts';
import { typedInput } from './model/typed.ts';
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
export const OPERATION_NAMES = [...[...OPERATIONS.keys()].map(nameOf), 'sts:GetCallerIdentity', ...S3_OPERATION_NAMES];

function nameOf(target: string): string {
  const [prefix = '', name = prefix] = target.split('.');
  return `${SERVICES.get(prefix) ?? prefix}:${name}`;
}

/** A POST, with the headers that say what it is. STS has no target: its requests are forms, with the operation in `Action`. */
export interface Posted {
  readonly target: string | undefined;
  readonly contentType: string;
  readonly body: Buffer;
}

export function callOf({ target, contentType, body }: Posted): Call {
  if (target === undefined) return formCall(body.toString());
  return jsonCall({ target, contentType, body });
}

function jsonCall({ target, contentType, body }: Posted & { readonly target: string }): Call {
  const name = nameOf(target);
  const operation = OPERATIONS.get(target);
  let typed: Input | undefined;
  const input = () => {
    if (!operation) throw unknownOperation('UnknownOperationException', name);
    if (!contentType.startsWith(JSON_TYPE)) {
      throw new AwsError('UnknownOperationException', `The Content-Type is '${contentType}', not ${JSON_TYPE}.`);
    }
    typed ??= typedInput(parsed(body), name);
    return typed;
  };
  return {
    name,
    input,
    answer(world) {
      const given = input();
      checkConstraints(given, name);
      return json(200, operation?.(given, world));
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

function parsed(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new AwsError('SerializationException', 'The request is no JSON in UTF-8');
  }
}

const unknownOperation = (type: string, name: string) =>
  new AwsError(type, `The emulator does not do the operation ${name.replace(/^.*:/, '')}.`);

const escaped = (text: string) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
