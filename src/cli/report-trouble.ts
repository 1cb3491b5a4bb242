import type { ServiceTrouble } from '../model/trouble.ts';
import { EXIT } from './command.ts';
import type { Host } from './host.ts';

/** Says on stderr which service did what, and returns the exit status for it. */
export function reportTrouble({ service, operation, detail, help }: ServiceTrouble, host: Host): number {
  host.err(`wherry: ${service} (${operation}): ${detail}\n  what to do: ${help}\n`);
  return EXIT.service;
}
