import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ImageSource, parseImage } from './drivers/images.ts';

export interface Options {
  readonly help: boolean;
  readonly port: number;
  readonly stateDir: string;
  /** What runs the containers. */
  readonly driver: DriverName;
  readonly images: Map<string, ImageSource>;
  /** A YAML file that need not be there. */
  readonly secrets: string;
  /** How long Fargate's own work takes, 1 being as long as on AWS. */
  readonly timeScale: number;
  readonly advanceSeconds: number;
  /** A YAML file. */
  readonly faults: string | undefined;
  /** Bytes that the log driver of a container can deliver in a second; undefined: all that it is given. */
  readonly logRate: number | undefined;
  readonly s3Python: string | undefined;
  readonly exitWithParent: boolean;
  readonly verbose: boolean;
}

const DRIVERS = ['process', 'podman', 'docker'] as const;
export type DriverName = (typeof DRIVERS)[number];

// No date of the emulator may be later than JavaScript's last.
export const LONGEST_ADVANCE_SECONDS = 1e9;

export const USAGE = `usage: emulator [options]

  --port N                       the port of ECS, CloudWatch Logs and STS (default: a free one)
  --state-dir DIR                where state is kept (default: .wherry/emulator)
  --driver NAME                  what runs containers: process (default), podman or docker, these with real images
  --image REF=DIR[,python=PATH]  the folder, and the Python, that stand for an image; may be repeated
  --secrets FILE                 YAML: the values of secrets by name or ARN (default: secrets.yml in the state folder)
  --time-scale X                 how long starting and ending a task takes, 1 being as on AWS (default: 0.01)
  --advance SECONDS              put the emulator's clock forward by this (default: 0)
  --log-rate BYTES               what a container's log driver delivers in a second (default: all, at once)
  --faults FILE                  YAML: what shall go wrong, Spot interruptions say (docs/emulator.md)
  --s3-python PATH               a Python that has moto[s3] (default: an environment made once)
  --exit-with-parent             end when standard input closes and nobody holds a connection to /_emulator/hold
  --verbose                      log every request
`;

/** Throws with a sentence when the arguments are not those of the usage. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      port: { type: 'string', default: '0' },
      'state-dir': { type: 'string', default: '.wherry/emulator' },
      driver: { type: 'string', default: 'process' },
      image: { type: 'string', multiple: true, default: [] },
      secrets: { type: 'string' },
      'time-scale': { type: 'string', default: '0.01' },
      advance: { type: 'string', default: '0' },
      'log-rate': { type: 'string' },
      faults: { type: 'string' },
      's3-python': { type: 'string' },
      'exit-with-parent': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port '${values.port}' is no port`);
  const timeScale = Number(values['time-scale']);
  if (!(timeScale >= 0)) throw new Error(`--time-scale '${values['time-scale']}' is no number of 0 or more`);
  const advanceSeconds = Number(values.advance);
  if (!(advanceSeconds >= 0 && advanceSeconds <= LONGEST_ADVANCE_SECONDS)) {
    throw new Error(`--advance '${values.advance}' is no number of seconds from 0 to ${LONGEST_ADVANCE_SECONDS}`);
  }
  const logRate = values['log-rate'] === undefined ? undefined : Number(values['log-rate']);
  if (logRate !== undefined && !(logRate > 0))
    throw new Error(`--log-rate '${values['log-rate']}' is no number above 0`);
  const driver = DRIVERS.find((name) => name === values.driver);
  if (driver === undefined) throw new Error(`--driver '${values.driver}' is none of ${DRIVERS.join(', ')}`);
  const stateDir = resolve(values['state-dir']);
  if (values.faults !== undefined && !existsSync(values.faults))
    throw new Error(`--faults: there is no file '${values.faults}'`);
  const images = values.image.map(parseImage).map(({ ref, source }) => [ref, source] as const);
  return {
    help: values.help,
    port,
    stateDir,
    driver,
    images: new Map(images),
    secrets: resolve(values.secrets ?? join(stateDir, 'secrets.yml')),
    timeScale,
    advanceSeconds,
    faults: values.faults,
    logRate,
    s3Python: values['s3-python'],
    exitWithParent: values['exit-with-parent'],
    verbose: values.verbose,
  };
}
