import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** Amazon ECS API reference, AwsVpcConfiguration: up to 16 subnets and 5 security groups. */
const LIMITS = [
  { key: 'subnets', prefix: 'subnet', most: 16 },
  { key: 'security_groups', prefix: 'sg', most: 5 },
] as const;

/** Ids that no subnet or security group has, and more of them than a task takes. */
export const network: Rule = (context) =>
  context.engine === 'aws-fargate' ? LIMITS.flatMap((limit) => findings(limit, context)) : [];

function findings({ key, prefix, most }: (typeof LIMITS)[number], { config }: CheckContext): Diagnostic[] {
  const ids = config.values.execution_engine[key];
  const place = (index: number) =>
    config.locate(['execution_engine', key, index]) ?? config.locate(['execution_engine', key]);
  const malformed = ids.flatMap((id, index) => {
    if (placeholderIn(id) !== undefined || new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) return [];
    return diagnostic('network/malformed-id', {
      message: `'${id}' is no id of a ${prefix === 'sg' ? 'security group' : 'subnet'}`,
      why: 'ECS would refuse to start any task',
      help: `ids look like ${prefix}-0123456789abcdef0: \`aws ec2 describe-${key.replace('_', '-')}\` lists yours`,
      span: place(index),
    });
  });
  if (ids.length <= most) return malformed;
  const tooMany = diagnostic('network/too-many', {
    message: `${ids.length} entries under '${key}', and a task takes up to ${most}`,
    why: 'ECS would refuse to start any task',
    span: place(most),
  });
  return [...malformed, tooMany];
}
