import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** An airflow-k8s file that says nothing else means Kubernetes, as it always did. */
export const kubernetesEngine: Rule = ({ config }) => {
  if (config.values.execution_engine.type !== 'kubernetes') return [];
  const written = config.locate(['execution_engine', 'type']);
  const start = config.locate(['run_config'], 'key') ?? config.locate(['execution_engine'], 'key');
  return [
    diagnostic('config/kubernetes', {
      message: `The engine is 'kubernetes'${written ? '' : ', which an airflow-k8s file means where it names none'}`,
      why: 'this version runs tasks on Fargate and on this machine',
      help: 'write:\n  execution_engine:\n    type: aws-fargate',
      span: written ?? start,
    }),
  ];
};
