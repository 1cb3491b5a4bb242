import type { NodeProgram, Plan } from '../model/plan.ts';
import { inputVariable, outputVariable } from '../model/program-variables.ts';
import type { Node, Pipeline, Project } from '../model/project.ts';

/** What the step must be told of nodes that are programs. Nothing for Kedro's. */
export function programsOf({ nodes }: Pipeline, { catalog }: Project): Pick<Plan, 'programs'> {
  const programs = nodes.flatMap((node): [string, NodeProgram][] => {
    const program = programOf(node);
    return program === undefined ? [] : [[node.name, program]];
  });
  if (programs.length === 0) return {};
  const datasets = [...catalog].flatMap(([name, { path }]) => (path === undefined ? [] : [[name, path]]));
  return { programs: { nodes: Object.fromEntries(programs), datasets: Object.fromEntries(datasets) } };
}

function programOf({ program, inputs, outputs }: Node): NodeProgram | undefined {
  if (program === undefined) return undefined;
  const named = (datasets: readonly string[], variableOf: (dataset: string) => string) =>
    Object.fromEntries(datasets.map((dataset) => [dataset, variableOf(dataset)]));
  return {
    command: program.command,
    env: program.env,
    inputs: named(inputs, inputVariable),
    outputs: named(outputs, outputVariable),
  };
}
