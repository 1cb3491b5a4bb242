import type { Where } from './schema.ts';

/** What of a task a fault can ask for. */
export interface Subject {
  readonly family: string;
  readonly startedBy: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of all its containers. */
  readonly env: Readonly<Record<string, string>>;
  readonly isSpot: boolean;
}

export function matches({ family, startedBy, tag = {}, env = {}, launch }: Where, subject: Subject): boolean {
  return (
    isLike(family, subject.family) &&
    isLike(startedBy, subject.startedBy) &&
    Object.entries(tag).every(([key, wanted]) => isLike(wanted, subject.tags[key])) &&
    Object.entries(env).every(([name, wanted]) => isLike(wanted, subject.env[name])) &&
    (launch === undefined || (launch === 'spot') === subject.isSpot)
  );
}

/** Whether a value is the wanted one, whose `*` stand for any text. */
export function isLike(wanted: string | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (value === undefined) return false;
  const parts = wanted.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(value);
}

/** Whether `wanted`, with or without its service, is the operation `name`, which has one: `ecs:RunTask`. */
export function isOperation(wanted: string, name: string): boolean {
  return isLike(wanted, name) || isLike(wanted, name.replace(/^.*:/, ''));
}
