import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { describeSize, LARGEST_SIZE, snapToFargate } from '../../fargate/sizes.ts';
import type { Rule } from '../rule.ts';

/** A size that Fargate does not have: raised to the next one, or impossible. One finding for each entry of `resources`. */
export const taskSize: Rule = ({ engine, config, plan }) => {
  if (engine !== 'aws-fargate') return [];
  return Object.entries(config.values.resources).flatMap(([key, { vcpu, memory }]) => {
    const wanted = { vcpu: vcpu ?? 0, memoryMiB: memory ?? 0 };
    const size = snapToFargate(wanted);
    const place = (part: 'vcpu' | 'memory') =>
      config.locate(['resources', key, part]) ?? config.locate(['resources', key], 'key');
    if (size === undefined) {
      return diagnostic('size/not-on-fargate', {
        message: `resources.${key} asks for ${describeWanted(wanted)}, which no Fargate task has`,
        why: 'ECS would refuse to start the task',
        help: `the largest is ${describeSize(LARGEST_SIZE)}`,
        span: place(wanted.vcpu > LARGEST_SIZE.vcpu ? 'vcpu' : 'memory'),
      });
    }
    const raised = (vcpu !== undefined && size.vcpu !== vcpu) || (memory !== undefined && size.memoryMiB !== memory);
    if (!raised) return [];
    const used = plan.tasks.find((task) => task.name === key) ?? size;
    return diagnostic('size/snapped', {
      message: `resources.${key}: Fargate has no ${describeWanted(wanted)}; the next size is ${describeSize(used)}`,
      help: `write it so, or leave it: ${describeSize(used)} is used`,
      span: place(vcpu !== undefined && size.vcpu !== vcpu ? 'vcpu' : 'memory'),
    });
  });
};

function describeWanted({ vcpu, memoryMiB }: { vcpu: number; memoryMiB: number }): string {
  const memory = memoryMiB % 1024 === 0 ? `${memoryMiB / 1024} GiB` : `${memoryMiB} MiB`;
  return [vcpu > 0 && `${vcpu} vCPU`, memoryMiB > 0 && memory].filter(Boolean).join(' with ');
}
