import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OPERATION_NAMES } from '../protocol.ts';
import { Buckets } from './buckets.ts';
import { Faults } from './faults.ts';
import { matches, type Subject } from './matcher.ts';
import { parseFaults } from './parse.ts';
import { s3Operation } from './s3-operation.ts';
import { Trigger } from './trigger.ts';

const SUBJECT: Subject = {
  family: 'wherry-shop',
  startedBy: '20261125T010203-abcdef',
  tags: { 'wherry:run-id': 'r1' },
  env: { WHERRY_TASK: 'train', EMPTY: '' },
  isSpot: true,
};

const parse = (text: string) => parseFaults(text, OPERATION_NAMES);

/** The numbers, from 1 on, of those of `count` that are hit. */
function hits(trigger: Trigger, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter(() => trigger.fires());
}

it('faults: a percentage is hit, the same ones with the same seed and others with another', () => {
  const first = hits(new Trigger({ percent: 30 }, 'a'), 2000);
  assert.ok(Math.abs(first.length - 600) < 80, String(first.length));
  assert.deepEqual(hits(new Trigger({ percent: 30 }, 'a'), 2000), first);
  assert.notDeepEqual(hits(new Trigger({ percent: 30 }, 'b'), 2000), first);
  assert.equal(hits(new Trigger({ percent: 0 }, 'a'), 100).length, 0);
  assert.equal(hits(new Trigger({ percent: 100 }, 'a'), 100).length, 100);
});

it('faults: nth counts what matches, and times ends it', () => {
  assert.deepEqual(hits(new Trigger({ nth: [2, 5] }, ''), 10), [2, 5]);
  assert.deepEqual(hits(new Trigger({ times: 3 }, ''), 10), [1, 2, 3]);
  assert.deepEqual(hits(new Trigger({ nth: [1, 2, 3], times: 2 }, ''), 10), [1, 2]);
});

it('faults: a task is met by family, startedBy, tag, environment and launch, where * stands for any text', () => {
  for (const where of [
    {},
    { family: 'wherry-*', startedBy: '20261125T*', launch: 'spot' as const },
    { tag: { 'wherry:run-id': 'r1' }, env: { WHERRY_TASK: 't*n' } },
    { env: { EMPTY: '*' } },
  ])
    assert.ok(matches(where, SUBJECT), JSON.stringify(where));
  for (const where of [
    { family: 'wherry' },
    { family: 'wherry.shop' },
    { launch: 'on-demand' as const },
    { tag: { other: '*' } },
    { env: { WHERRY_TASK: 'train', MISSING: '*' } },
  ])
    assert.ok(!matches(where, SUBJECT), JSON.stringify(where));
});

it('faults: a bucket gives its burst at once, then so many a second, and never holds more than the burst', () => {
  const buckets = new Buckets({ 'cluster-resource-read': { burst: 3, perSecond: 2 } });
  const took = (now: number) => Array.from({ length: 5 }, () => buckets.takeForCall('ecs:DescribeTasks', now));
  assert.deepEqual(took(0), [true, true, true, false, false]);
  assert.deepEqual(took(1000), [true, true, false, false, false]);
  assert.deepEqual(took(3_600_000), [true, true, true, false, false]);
  assert.ok(buckets.takeForCall('ecs:RegisterTaskDefinition', 0), 'a class that is not limited');
});

it('faults: a call that needs two buckets takes of none when one is empty', () => {
  const buckets = new Buckets({
    'cluster-resource-modify': { burst: 2, perSecond: 0 },
    'fargate-run-task': { burst: 1, perSecond: 0 },
  });
  assert.ok(buckets.takeForCall('ecs:RunTask', 0));
  assert.ok(!buckets.takeForCall('ecs:RunTask', 0));
  assert.ok(buckets.takeForCall('ecs:StopTask', 0));
  assert.ok(!buckets.takeForCall('ecs:StopTask', 0));
});

it("faults: `rates: true` is the token buckets of the region, a map has others in some classes' place", () => {
  const runs = (faults: Faults, operation: string) => {
    let count = 0;
    while (count < 1000 && !faults.ofRequest({ operation, subjects: () => [] }, 0)) count += 1;
    return count;
  };
  const operations = [
    'ecs:RunTask',
    'ecs:DescribeTasks',
    'logs:GetLogEvents',
    'logs:FilterLogEvents',
    'logs:PutLogEvents',
  ];
  const all = (region: string, text: string) => {
    const faults = new Faults(region);
    faults.set(parse(text));
    return operations.map((operation) => runs(faults, operation));
  };
  assert.deepEqual(all('eu-central-1', ''), [1000, 1000, 1000, 1000, 1000]);
  assert.deepEqual(all('eu-central-1', 'rates: false'), [1000, 1000, 1000, 1000, 1000]);
  assert.deepEqual(all('eu-central-1', 'rates: true'), [20, 100, 10, 5, 1000]);
  assert.deepEqual(all('us-east-1', 'rates: true'), [20, 100, 25, 25, 1000]);
  assert.deepEqual(
    all('eu-north-1', 'rates: {cluster-resource-read: {burst: 7, perSecond: 1}}'),
    [20, 7, 25, 10, 1000],
  );
});

it('faults: the first that hits is taken, and those after it do not see the request', () => {
  const faults = new Faults('eu-central-1');
  faults.set(
    parse(
      'requests: [{fault: throttled, operation: RunTask, times: 1}, {fault: server-error, operation: "ecs:RunTask"}]',
    ),
  );
  const names = ['ecs:RunTask', 'ecs:ListTasks', 'ecs:RunTask'].map((operation) => {
    const answer = faults.ofRequest({ operation, subjects: () => [] }, 0)?.answer;
    return answer === undefined || answer === 'cut' ? answer : answer.type;
  });
  assert.deepEqual(names, ['ThrottlingException', undefined, 'ServerException']);
  assert.deepEqual(
    faults.shown().requests.map(({ matched, hits: hit }) => [matched, hit]),
    [
      [2, 1],
      [1, 1],
    ],
  );
});

it('faults: what a file says wrong is told at its place, all at once', () => {
  const text = `
seed: x
rates: {cluster-reed: {burst: 1, perSecond: 1}}
request: []
requests:
  - fault: throtled
  - fault: throttled
    percnt: 30
    where: {famly: a}
  - fault: throttled
    percent: 300
  - fault: error
    type: AccessDeniedException
`;
  assert.throws(
    () => parse(text),
    ({ message }: Error) => {
      assert.deepEqual(
        message.split('\n').map((line) => line.replace(/ known are .*| there are .*/, ' …')),
        [
          '2:7: seed: expected number, received string',
          "3:8: rates: there is no 'cluster-reed' here: …",
          "6:12: requests.0.fault: 'throtled' is no fault of requests: …",
          "9:12: requests.1.where: there is no 'famly' here: …",
          "7:5: requests.1: there is no 'percnt' here: …",
          '11:14: requests.2.percent: Too big: expected number to be <=100',
          '12:5: requests.3.message is missing',
          "2:1: there is no 'request' here: …",
        ],
      );
      return true;
    },
  );
  assert.throws(() => parse('requests: [{fault: throttled, operation: [RunTask, RunTsk]}]'), {
    message: "1:42: requests.0.operation: the emulator has no operation 'RunTsk'",
  });
  assert.throws(() => parse('requests: ['), { message: /^1:\d+: / });
  assert.throws(() => parse('3'), { message: /^1:1: expected object/ });
});

it('faults: a request to S3 is the operation that its method, path and query say', () => {
  for (const [method, target, operation, object] of [
    ['GET', '/', 's3:ListBuckets', 's3://'],
    ['GET', '/b?list-type=2&prefix=x', 's3:ListObjectsV2', 's3://b'],
    ['PUT', '/b/', 's3:CreateBucket', 's3://b/'],
    ['PUT', '/b/a%20b/c.json', 's3:PutObject', 's3://b/a b/c.json'],
    ['POST', '/b/k?uploads', 's3:CreateMultipartUpload', 's3://b/k'],
    ['PUT', '/b/k?partNumber=1&uploadId=u', 's3:UploadPart', 's3://b/k'],
    ['POST', '/b/k?uploadId=u', 's3:CompleteMultipartUpload', 's3://b/k'],
    ['POST', '/b?delete', 's3:DeleteObjects', 's3://b'],
    ['OPTIONS', '/b/k', 's3:OPTIONS', 's3://b/k'],
  ] as const)
    assert.deepEqual(s3Operation(method, target), { operation, object });
});

it('faults: S3 is hit only where it is named, by operation or object', () => {
  const hit = (fault: string, operation: string, object?: string) => {
    const faults = new Faults('eu-central-1');
    faults.set(parse(`requests: [{fault: connection-reset, ${fault}}]`));
    const request = { operation, subjects: () => [], ...(object === undefined ? {} : { object }) };
    return [faults.areForS3, faults.ofRequest(request, 0) !== undefined];
  };
  const claim = 's3://b/runs/1/claim.json';
  assert.deepEqual(hit('percent: 100', 's3:PutObject', claim), [false, false]);
  assert.deepEqual(hit('operation: RunTask', 's3:PutObject', claim), [false, false]);
  assert.deepEqual(hit('operation: PutObject', 's3:PutObject', claim), [true, true]);
  assert.deepEqual(hit('operation: "s3:*"', 's3:GetObject', claim), [true, true]);
  assert.deepEqual(hit('operation: "s3:*"', 'ecs:RunTask'), [true, false]);
  assert.deepEqual(hit('object: "s3://*/claim.json"', 's3:GetObject', claim), [true, true]);
  assert.deepEqual(hit('object: "s3://*/done.json"', 's3:GetObject', claim), [true, false]);
  assert.deepEqual(hit('object: "s3://*/claim.json"', 'ecs:RunTask'), [true, false]);
});
