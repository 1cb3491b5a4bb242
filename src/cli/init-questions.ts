import type { WrittenSettings } from '../config/schema.ts';
import type { Found } from '../init/found.ts';
import type { Grouping } from '../model/plan.ts';
import { ask, askYesOrNo, type Question } from './ask.ts';
import type { Host } from './host.ts';

/** A flag for each question, so that a script answers them all. */
export interface InitOptions {
  readonly bucket?: string;
  readonly writeCatalog?: boolean;
  readonly cluster?: string;
  readonly subnets?: string;
  readonly securityGroups?: string;
  readonly executionRole?: string;
  readonly taskRole?: string;
  readonly image?: string;
  readonly taskDefinition?: string;
  readonly from?: string;
  readonly grouping?: Grouping;
  readonly force?: boolean;
  readonly yes?: boolean;
}

interface Known<Flags> {
  readonly found: Found;
  /** What an airflow-k8s file says. */
  readonly old: WrittenSettings;
  readonly flags: Flags;
}

interface InitQuestion extends Question {
  readonly flag: 'bucket' | 'cluster' | 'subnets' | 'securityGroups' | 'taskRole' | 'image';
  readonly isOpen: (known: Known<InitOptions>) => boolean;
}

const QUESTIONS: readonly InitQuestion[] = [
  {
    flag: 'bucket',
    message: 'Bucket for the data, s3://bucket/prefix (Enter: later)',
    complain: (answer) => (answer === '' ? undefined : bucketComplaint(answer)),
    isOpen: ({ found: { project }, old }) => project !== undefined && old.spill === undefined,
  },
  {
    flag: 'cluster',
    message: 'ECS cluster (Enter: later)',
    isOpen: ({ old }) => old.execution_engine?.cluster === undefined,
  },
  {
    flag: 'subnets',
    message: 'Subnets, with commas between (Enter: later)',
    isOpen: ({ old }) => old.execution_engine?.subnets === undefined,
  },
  {
    flag: 'securityGroups',
    message: "Security groups, with commas between (Enter: the VPC's own)",
    isOpen: ({ old }) => old.execution_engine?.security_groups === undefined,
  },
  {
    flag: 'taskRole',
    message: 'Role of your code, with rights to the bucket (Enter: later)',
    isOpen: ({ old, flags }) =>
      (flags.taskDefinition ?? old.execution_engine?.task_definition ?? old.execution_engine?.task_role_arn) ===
      undefined,
  },
  {
    flag: 'image',
    message: 'Image with the project and its requirements (Enter: later)',
    isOpen: ({ old, flags }) =>
      (flags.taskDefinition ?? old.execution_engine?.task_definition ?? old.image) === undefined,
  },
];

/** The flags, and answers to what they leave open; where there is no terminal, the flags alone. */
export async function askWhatIsOpen<Flags extends InitOptions>(
  known: Known<Flags>,
  host: Host,
): Promise<Flags | 'left'> {
  let { flags } = known;
  if (!isAsking(flags, host)) return flags;
  for (const { flag, isOpen, ...question } of QUESTIONS) {
    if (flags[flag] !== undefined || !isOpen(known)) continue;
    const answer = await ask(question, host);
    if (answer === undefined) return 'left';
    if (answer !== '') flags = { ...flags, [flag]: answer };
  }
  return flags;
}

/** The file of kedro-airflow-k8s that is to be written as a wherry.yml. */
export async function fileToTakeOver(
  { airflowK8s: [file] }: Found,
  flags: InitOptions,
  host: Host,
): Promise<string | undefined | 'left'> {
  if (file === undefined || !isAsking(flags, host)) return undefined;
  const answer = await askYesOrNo({ message: `Take over what ${file} says? yes or no`, default: 'yes' }, host);
  if (answer === undefined) return 'left';
  return answer ? file : undefined;
}

function isAsking({ yes }: InitOptions, { terminal }: Host): boolean {
  return terminal !== undefined && !yes;
}

/** What a URL of a bucket must be, where this is none: by the naming rules of S3. */
export function bucketComplaint(url: string): string | undefined {
  if (/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$)/.test(url)) return undefined;
  return `a URL like s3://my-bucket/prefix, and '${url}' is none`;
}
