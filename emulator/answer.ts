/** What goes back: a status, a content type and a body. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** The name of the error that it is. */
  readonly errorType?: string;
}

export const JSON_TYPE = 'application/x-amz-json-1.1';

export const json = (status: number, value: unknown, type = JSON_TYPE): Answer => ({
  status,
  type,
  body: JSON.stringify(value),
});
