import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** `spot` is the short form of a capacity provider strategy: with both, one of them would be ignored. */
export const capacityTwice: Rule = ({ engine, config }) => {
  const { spot, capacity_provider_strategy: strategy } = config.values.execution_engine;
  if (engine !== 'aws-fargate' || !spot || strategy === undefined) return [];
  return [
    diagnostic('config/capacity-twice', {
      message: "'spot' and 'capacity_provider_strategy' are both set",
      why: 'both say what capacity tasks are given, and ECS takes one answer',
      help: 'write spot: false, or leave the strategy out',
      span: config.locate(['execution_engine', 'spot'], 'key'),
      notes: [
        { message: 'the other one', span: config.locate(['execution_engine', 'capacity_provider_strategy'], 'key') },
      ],
    }),
  ];
};
