import type { ConfigValues } from '../../config/schema.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { AwsAccount } from '../../service/aws/account.ts';
import type { EcsService } from '../../service/aws/ecs.ts';
import type { LogsService } from '../../service/aws/logs.ts';
import type { Limiter } from '../../service/aws/rates.ts';
import type { S3Service } from '../../service/aws/s3.ts';

/** What a plan's tasks need, whoever starts them. */
export interface DeliveryOptions {
  readonly account: AwsAccount;
  readonly settings: ConfigValues;
  readonly projectName: string;
  /** `s3://…`; undefined where nothing says so: then all that a step needs goes along in the request. */
  readonly spill: string | undefined;
  /** The text of `bridge/step.py` and of `bridge/bootstrap.py`. */
  readonly step: string;
  readonly bootstrap: string;
  readonly sha256: (text: string) => string;
  /** Takes what is found in a revision that is the user's. */
  readonly tell: (findings: readonly Diagnostic[]) => void;
  /** Takes a sentence on what the account lacks, and goes on without. */
  readonly say: (text: string) => void;
}

export interface FargateOptions {
  readonly account: AwsAccount;
  readonly sha256: (text: string) => string;
  /** What a new run's tasks need; undefined where only runs are opened that have begun. */
  readonly delivery: DeliveryOptions | undefined;
  /** How many attempts are under way at once, where the settings of the run say so many. */
  readonly capacity: (maxTasks: number | undefined) => number;
  readonly logLagMs: number;
  /** What all calls together may take of the account's rates; undefined where there are none. */
  readonly limit: Limiter | undefined;
  readonly say: DeliveryOptions['say'];
  readonly now: () => number;
}

export interface Services {
  readonly ecs: EcsService;
  readonly logs: LogsService;
  readonly s3: S3Service;
}
