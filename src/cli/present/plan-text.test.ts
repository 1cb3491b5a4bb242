import assert from 'node:assert/strict';
import { test } from 'node:test';
import picocolors from 'picocolors';
import { makeNode, makeProject } from '../../../test/support/random-pipeline.ts';
import { settings, sha256 } from '../../../test/support/settings.ts';
import type { Pipeline } from '../../model/project.ts';
import { plan as makePlan } from '../../plan/plan.ts';
import { renderPlan } from './plan-text.ts';

function textOf(written: object): string {
  const project = makeProject(
    [
      makeNode('clean', { outputs: ['orders'] }),
      makeNode('train', { inputs: ['orders'], outputs: ['model'] }),
      makeNode('report', { inputs: ['orders'], outputs: ['page'] }),
    ],
    [],
  );
  const pipeline = project.pipelines.get('__default__') as Pipeline;
  const { plan } = makePlan({ project, pipeline, grouping: 'node', settings: settings(written), sha256 });
  return renderPlan(plan, undefined, picocolors.createColors(false));
}

test('plan as text: shows what tasks take and may take, and how long the longest chain is', () => {
  const text = textOf({
    estimates: { clean: 90, train: '2h', report: 0.5 },
    resources: { train: { timeout: '3h' } },
  });
  assert.match(text, /^clean \(1 vCPU, 2 GiB, about 90 s\)$/m);
  assert.match(text, /^train \(1 vCPU, 2 GiB, about 2 h, at most 3 h\)$/m);
  assert.match(text, /^report \(1 vCPU, 2 GiB, about 0.5 s\)$/m);
  assert.match(text, /^about 2 h where nothing waits for capacity$/m);
});

test('plan as text: gives no time for a plan of which one task has none', () => {
  assert.doesNotMatch(textOf({ estimates: { clean: 90, train: '2h' } }), /capacity/);
});
