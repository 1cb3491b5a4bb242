import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { beyondPlainKedro, isPlainKedro } from '../../fargate/plain-kedro.ts';
import type { Rule } from '../rule.ts';

/** With plain `kedro run` each container is on its own: what is lost is said, and what cannot work is an error. */
export const plainKedro: Rule = ({ engine, plan, project, config, locateDataset }) => {
  const { values } = config;
  if (engine !== 'aws-fargate' || !isPlainKedro(values)) return [];
  const written = config.locate(['step']);
  const family = values.execution_engine.task_definition;
  const reason = written === undefined ? `there is no 'spill' and '${family}' is yours` : `'step' is '${values.step}'`;
  const needed = beyondPlainKedro(plan, values).map((what) =>
    diagnostic('step/plain-kedro-cannot', {
      message: `plain \`kedro run\` cannot run this: ${what}`,
      why: `each task is a \`kedro run\` of its own, because ${reason}`,
      help: "leave 'step' out and say where Wherry's own may keep things: spill: s3://YOUR-BUCKET/spill",
      span: written,
    }),
  );
  const form =
    values.step === 'kedro'
      ? "the image's ENTRYPOINT must be `kedro run`; for one without it write step: kedro-command. "
      : '';
  const lost = diagnostic('step/plain-kedro', {
    message: `tasks run plain \`kedro run\`: ${reason}`,
    why: 'each task then picks a save version of its own, and leaves no record by which a later run could go on',
    help: `${form}With spill: s3://YOUR-BUCKET/spill Wherry's own step runs, in any image that has Python`,
    span: written ?? config.locate(['execution_engine', 'task_definition']),
  });
  const versioned = plan.boundaryDatasets.flatMap(({ name, producer, consumers }) => {
    const dataset = project.catalog.get(name);
    if (!dataset?.versioned || name in plan.loadVersions) return [];
    return diagnostic('data/versions-apart', {
      message: `'${name}' is versioned, written in task '${producer}' and read in ${consumers.map((task) => `'${task}'`).join(', ')}`,
      why: 'tasks that run plain `kedro run` share no version: the reader takes the newest there is, of this run or of another one',
      help: "let Wherry's own step run, with spill: s3://YOUR-BUCKET/spill: one run then has one version",
      span: locateDataset(dataset, 'versioned'),
    });
  });
  return [...needed, ...(needed.length > 0 ? [] : [lost]), ...versioned];
};
