import { AwsError } from '../aws-error.ts';

export const REFUSED_CREDENTIALS = ['expired', 'unknown', 'wrong-secret', 'missing'] as const;

const INVALID = 'The security token included in the request is invalid.';
const EXPIRED = 'The security token included in the request is expired';
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.';
const MISSING = 'Request is missing Authentication Token';

/**
 * What credentials are refused with. ECS and Logs, as services with JSON do, say so with status 400
 * (salesforce/multicloudj#608, jcabi/jcabi-dynamo#101, architect/dynalite#105), STS by other names with 403
 * (STS/latest/APIReference/CommonErrors), S3 as AmazonS3/latest/API/ErrorResponses has it.
 */
const REFUSALS = {
  json: {
    expired: ['ExpiredTokenException', EXPIRED, 400],
    unknown: ['UnrecognizedClientException', INVALID, 400],
    'wrong-secret': ['InvalidSignatureException', MISMATCH, 400],
    missing: ['MissingAuthenticationTokenException', MISSING, 400],
  },
  sts: {
    expired: ['ExpiredToken', EXPIRED, 403],
    unknown: ['InvalidClientTokenId', INVALID, 403],
    'wrong-secret': ['SignatureDoesNotMatch', MISMATCH, 403],
    missing: ['MissingAuthenticationToken', MISSING, 403],
  },
  s3: {
    expired: ['ExpiredToken', 'The provided token has expired.', 400],
    unknown: ['InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403],
    'wrong-secret': [
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      403,
    ],
    missing: ['AccessDenied', 'Access Denied', 403],
  },
} as const;

/** `operation` as IAM has it. */
export function refusedCredentials(as: (typeof REFUSED_CREDENTIALS)[number], operation: string): AwsError {
  const service = operation.replace(/:.*$/, '');
  const [type, message, status] = REFUSALS[service === 'sts' || service === 's3' ? service : 'json'][as];
  return new AwsError(type, message, { status });
}
