import { closest, distance } from 'fastest-levenshtein';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { type Arguments, DAG_ARGUMENTS, OPERATOR_ARGUMENTS } from '../airflow-arguments.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** `airflow.dag` and `airflow.default_args` get into the DAG as they are: a key that Airflow does not take is its user's to find. */
export const airflowArguments: Rule = (context) => [
  ...findings('dag', DAG_ARGUMENTS, context),
  ...findings('default_args', OPERATOR_ARGUMENTS, context),
];

type Part = 'dag' | 'default_args';

function findings(part: Part, known: Arguments, context: CheckContext): Diagnostic[] {
  const { config, target } = context;
  // Of the DAG's an unknown one is an error of Python; of the operator's, which are defaults, it is passed over.
  const worst = part === 'dag' && target === 'airflow' ? 'error' : 'warning';
  return Object.keys(config.values.airflow[part]).flatMap((key) => {
    const span = config.locate(['airflow', part, key], 'key');
    const name = `airflow.${part}.${key}`;
    if (Object.hasOwn(known.ours, key))
      return diagnostic('airflow/set-by-wherry', {
        severity: worst,
        message: `'${name}' is set, and the DAG that Wherry writes sets it itself`,
        why:
          part === 'dag'
            ? 'Airflow cannot import a DAG that is given an argument twice'
            : 'what stands here does nothing',
        help: known.ours[key] === undefined ? 'leave it out' : `it comes from ${known.ours[key]}`,
        span,
      });
    if (known.refused.includes(key))
      return diagnostic('airflow/set-by-wherry', {
        severity: target === 'airflow' ? 'error' : 'warning',
        message: `'${name}' is set, and tasks run on Fargate`,
        why: 'ECS refuses to place a task there by rules of yours',
        help: 'leave it out',
        span,
      });
    if (known.objects.includes(key))
      return diagnostic('airflow/no-literal', {
        severity: target === 'airflow' ? 'error' : 'warning',
        message: `'${name}' takes what only Python can write`,
        why: 'Airflow expects a duration, a date, a function or a class there, and a settings file has none',
        help: 'leave it out',
        span,
      });
    if (!known.taken.includes(key)) return noSuchArgument(key, part, { known, worst, span });
    const version = known.onlyIn[key];
    if (version === undefined) return [];
    return diagnostic('airflow/no-such-argument', {
      severity: 'warning',
      message: `'${name}' is known to Airflow ${version} only`,
      why: part === 'dag' ? 'any other Airflow cannot import the DAG' : 'any other Airflow passes over it',
      span,
    });
  });
}

interface Unknown {
  readonly known: Arguments;
  readonly worst: 'error' | 'warning';
  readonly span: Diagnostic['span'];
}

function noSuchArgument(key: string, part: Part, { known, worst, span }: Unknown): Diagnostic {
  const near = closest(key, [...known.taken]);
  const isNear = distance(key, near) <= Math.max(key.length > 4 ? 3 : 2, key.length / 3);
  const isZone = part === 'dag' && key === 'timezone';
  return diagnostic('airflow/no-such-argument', {
    severity: worst,
    message: `'airflow.${part}.${key}': ${part === 'dag' ? 'a DAG' : 'EcsRunTaskOperator'} takes no such argument`,
    why: part === 'dag' ? 'Airflow cannot import the DAG' : 'Airflow passes over it, and nobody notices',
    help: isZone ? 'write airflow.timezone' : isNear ? `did you mean '${near}'?` : undefined,
    span,
  });
}
