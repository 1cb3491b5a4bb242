import type { ServiceTrouble } from '../model/trouble.ts';
import type { Host } from './host.ts';

/** That of package.json: a test compares. */
export const VERSION = '0.1.0';

/** Exit statuses (CONTRACTS §3). */
export const EXIT = { fine: 0, problems: 1, usage: 2, service: 3, bug: 70, interrupted: 130 } as const;

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly project?: string;
  readonly env?: string;
  readonly pipeline?: string;
  readonly configFile?: string;
  readonly confSource?: string;
  readonly python?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  readonly format?: string;
  readonly verbose?: boolean;
  readonly color: boolean;
}

export interface CommandInput<Options = Record<string, unknown>> {
  readonly args: readonly string[];
  readonly options: GlobalOptions & Options;
  readonly host: Host;
}

/** The only place that a command's name, options and help come from. Its code is loaded when it is called. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** `[run]`, `<file>`: as the help shows them. */
  readonly args?: readonly string[];
  readonly options?: readonly {
    readonly flags: string;
    readonly about: string;
    readonly choices?: readonly string[];
    readonly many?: boolean;
  }[];
  readonly formats?: readonly string[];
  readonly examples: readonly string[];
  readonly load: () => Promise<(input: CommandInput<never>) => Promise<number>>;
}

/** Called wrongly: one sentence on stderr, exit status 2. Thrown only in `cli/`. */
export class UsageError extends Error {}

/** A service without which the command can say nothing: exit status 3. Thrown only in `cli/`. */
export class OutOfReach extends Error {
  readonly trouble: ServiceTrouble;

  constructor(trouble: ServiceTrouble) {
    super(trouble.detail);
    this.trouble = trouble;
  }
}
