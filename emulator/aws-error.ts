/** What an operation throws to answer as AWS does: `type` goes into `__type`, `details` beside the message. */
export class AwsError extends Error {
  readonly type: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(type: string, message: string, options: { status?: number; details?: Record<string, unknown> } = {}) {
    super(message);
    this.type = type;
    this.status = options.status ?? 400;
    this.details = options.details ?? {};
  }
}

export const clientException = (message: string): AwsError => new AwsError('ClientException', message);

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);
