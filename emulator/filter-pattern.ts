import { invalidParameter } from './aws-error.ts';

type Test = (message: string) => boolean;

/**
 * A filter pattern for lines of text, as a test: terms that must all be there, `-term` that must not, `?term` of which
 * one must (they do not count beside terms of another kind), "phrases" and %regular expressions%.
 * Source: AmazonCloudWatch/latest/logs/FilterAndPatternSyntax. Patterns for JSON and for columns are refused.
 */
export function filterPattern(pattern: string): Test {
  const trimmed = pattern.trim();
  if (/^[{[]/.test(trimmed)) throw invalidParameter('This emulator has no patterns for JSON or for columns.');
  const terms = [...trimmed.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"]+))/g)];
  const of = (sign: string) => terms.filter((term) => term[1] === sign).map(testOf);
  const [required, excluded, optional] = [of(''), of('-'), of('?')];
  const one = required.length + excluded.length > 0 ? [] : optional;
  return (message) =>
    required.every((test) => test(message)) &&
    !excluded.some((test) => test(message)) &&
    (one.length === 0 || one.some((test) => test(message)));
}

function testOf([, , phrase, expression, word]: RegExpMatchArray): Test {
  if (expression !== undefined) {
    const compiled = compile(expression);
    return (message) => compiled.test(message);
  }
  const text = phrase?.replace(/\\(.)/g, '$1') ?? word ?? '';
  return (message) => message.includes(text);
}

function compile(expression: string): RegExp {
  try {
    return new RegExp(expression);
  } catch {
    throw invalidParameter(`Invalid filter pattern: %${expression}% is no regular expression`);
  }
}
