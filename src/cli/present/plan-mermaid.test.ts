import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNode, makeProject } from '../../../test/support/random-pipeline.ts';
import { configSchema } from '../../config/schema.ts';
import { plan as makePlan } from '../../plan/plan.ts';
import { sha256 } from '../prepare.ts';
import { renderMermaid } from './plan-mermaid.ts';

function planOf(nodes: Parameters<typeof makeProject>[0]) {
  const project = makeProject(nodes, []);
  const [pipeline] = project.pipelines.values();
  assert.ok(pipeline);
  return makePlan({ project, pipeline, grouping: 'node', settings: configSchema.parse({}), sha256 }).plan;
}

test('mermaid: a box a task, a dotted arrow where data is spilled, a plain one where only the order is asked for', () => {
  const nodes = [
    makeNode('split', { outputs: ['train'] }),
    makeNode('fit', { inputs: ['train'] }),
    makeNode('mail', { after: ['fit'] }),
  ];
  assert.equal(
    renderMermaid(planOf(nodes)),
    [
      'flowchart TD',
      '  t0["<b>split</b><br/>1 vCPU, 2 GiB"]',
      '  t1["<b>fit</b><br/>1 vCPU, 2 GiB"]',
      '  t2["<b>mail</b><br/>1 vCPU, 2 GiB"]',
      '  t0 -.->|"train"| t1',
      '  t1 --> t2',
      '',
    ].join('\n'),
  );
});

test('mermaid: names can close no label, bring no markup and break no line', () => {
  const hostile = 'a"]; click t0 "javascript:x"\n%%{init}%% <img src=x> `é漢`';
  const nodes = [makeNode('one', { outputs: [hostile] }), makeNode(hostile, { inputs: [hostile] })];
  const lines = renderMermaid(planOf(nodes)).trimEnd().split('\n');
  assert.equal(lines.length, 4);
  for (const line of lines.slice(1))
    assert.match(line.replaceAll(/<\/?b>|<br\/>/g, ''), /^ {2}t\d(\["[^"<>`%]*"\]| -\.->\|"[^"<>`%]*"\| t\d)$/);
});
