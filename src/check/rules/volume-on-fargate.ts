import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** kedro-airflow-k8s made a volume for each run, unless told not to; Fargate has no such thing. */
export const volumeOnFargate: Rule = ({ engine, config }) => {
  const { volume } = config.values.run_config;
  if (engine !== 'aws-fargate' || !volume || volume.disabled) return [];
  const found = diagnostic('config/volume-on-fargate', {
    message: "'run_config.volume' is not disabled",
    why: 'Fargate makes no volume for the temporary data of a run: what passes between tasks goes to S3',
    help: 'write:\n  run_config:\n    volume:\n      disabled: True',
    span:
      config.locate(['run_config', 'volume', 'disabled']) ??
      config.locate(['run_config', 'volume'], 'key') ??
      config.locate(['execution_engine', 'type']),
  });
  return [found];
};
