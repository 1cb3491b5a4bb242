import { AwsError, invalidParameter } from '../aws-error.ts';
import { refusedCredentials } from './refused-credentials.ts';
import type { RequestFault } from './schema.ts';

/** What happens to a request: whether it is done, and what the client gets in place of an answer. */
export interface Interference {
  readonly isDone: boolean;
  /** `cut`: the connection ends, and no answer comes. */
  readonly answer: AwsError | 'cut';
}

// APIReference/request-throttling.html.
export const throttled = (): AwsError => new AwsError('ThrottlingException', 'Rate exceeded');

const serverException = (): AwsError =>
  new AwsError('ServerException', 'Service Unavailable. Please try again later.', { status: 500 });

// AmazonS3/latest/API/ErrorResponses.html.
const slowDown = (): AwsError => new AwsError('SlowDown', 'Please reduce your request rate.', { status: 503 });
const internalError = (): AwsError =>
  new AwsError('InternalError', 'We encountered an internal error. Please try again.', { status: 500 });

export function interferenceOf(fault: RequestFault, operation: string): Interference {
  const isS3 = operation.startsWith('s3:');
  switch (fault.fault) {
    case 'throttled':
      return { isDone: false, answer: isS3 ? slowDown() : throttled() };
    // dagster-io/dagster#33439: a limit of EC2 behind ECS, which no SDK takes for throttling.
    case 'ec2-throttled':
      return {
        isDone: false,
        answer: invalidParameter(
          'Error retrieving subnet information for [subnet-00000000000000000]: Rate exceeded (ErrorCode: Throttling)',
        ),
      };
    case 'server-error':
      return { isDone: false, answer: isS3 ? internalError() : serverException() };
    case 'refused-credentials':
      return { isDone: false, answer: refusedCredentials(fault.as, operation) };
    case 'error':
      return { isDone: false, answer: new AwsError(fault.type, fault.message, { status: fault.status }) };
    case 'connection-reset':
      return { isDone: false, answer: 'cut' };
    case 'answer-lost':
      return { isDone: true, answer: 'cut' };
  }
}
