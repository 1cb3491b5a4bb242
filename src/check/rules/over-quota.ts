import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Plan } from '../../model/plan.ts';
import type { Rule } from '../rule.ts';

/** A new account's quota of on-demand and of Spot vCPUs (Service Quotas, "Fargate On-Demand vCPU resource count"). */
const DEFAULT_QUOTA = 6;

/** Tasks that may run at once want more than an account has that never asked for more. They wait then; none fails. */
export const overQuota: Rule = ({ engine, plan, config }) => {
  if (engine !== 'aws-fargate') return [];
  const { tasks, vcpu } = widestStage(plan);
  if (vcpu <= DEFAULT_QUOTA || tasks.length === 1) return [];
  return [
    diagnostic('size/over-default-quota', {
      message: `${tasks.length} tasks that may run at once want ${vcpu} vCPUs, and a new account has ${DEFAULT_QUOTA}`,
      why: 'ECS starts no more than the quota allows: some wait for others, and the run takes longer',
      help: 'ask for more under Service Quotas, "Fargate On-Demand vCPU resource count", give tasks less, or group more',
      span: config.locate(['resources'], 'key'),
      notes: [{ message: tasks.slice(0, 10).join(', ') }],
    }),
  ];
};

/** Tasks that are equally far from the start, where together they are largest. */
function widestStage({ tasks }: Plan): { tasks: string[]; vcpu: number } {
  const levels = new Map<string, number>();
  const stages: { tasks: string[]; vcpu: number }[] = [];
  for (const { name, dependsOn, vcpu } of tasks) {
    const level = Math.max(0, ...dependsOn.map((needed) => (levels.get(needed) ?? 0) + 1));
    levels.set(name, level);
    const stage = stages[level] ?? { tasks: [], vcpu: 0 };
    stage.tasks.push(name);
    stage.vcpu += vcpu;
    stages[level] = stage;
  }
  return stages.reduce((widest, stage) => (stage.vcpu > widest.vcpu ? stage : widest), { tasks: [], vcpu: 0 });
}
