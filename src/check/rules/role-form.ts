import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** IAM API reference, Role: a name has up to 64 of these; an ARN has the account in it. */
const ROLE = /^(arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+|[\w+=,.@-]{1,64})$/;

export const roleForm: Rule = ({ engine, config }) => {
  if (engine !== 'aws-fargate') return [];
  return (['task_role_arn', 'execution_role_arn'] as const).flatMap((key) => {
    const role = config.values.execution_engine[key];
    if (role === undefined || ROLE.test(role)) return [];
    return diagnostic('config/malformed-role', {
      message: `'${role}' is neither the name nor the ARN of a role`,
      why: 'ECS would refuse the task definition',
      help: 'write arn:aws:iam::123456789012:role/NAME, or NAME alone',
      span: config.locate(['execution_engine', key]),
    });
  });
};
