import type { ScalarTag } from 'yaml';

/**
 * What a plain scalar means to Kedro: PyYAML's rules (yaml/resolver.py), with what OmegaConf changes in them
 * (omegaconf/_utils.py, get_yaml_loader): `1e3` is a number, and a date stays text. A test compares with both.
 */
export const SCALARS: readonly ScalarTag[] = [
  scalar('null', /^(?:~|null|Null|NULL|)$/, () => null),
  scalar('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar('int', /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/, integer),
  scalar(
    'float',
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    float,
  ),
  // Where the tag is written: `!!float 3`, `!!timestamp 2026-01-01`.
  { tag: 'tag:yaml.org,2002:float', resolve: float },
  { tag: 'tag:yaml.org,2002:timestamp', resolve: (text) => text },
];

function scalar(name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

/** Past what a number can hold exactly it stays text, as an id should. */
function integer(written: string): number | string {
  const text = written.replace(/_/g, '').replace(/^\+/, '');
  const sign = text.startsWith('-') ? -1n : 1n;
  const value = sign * digits(text.replace(/^-/, ''));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function digits(text: string): bigint {
  if (text.includes(':')) return text.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  if (/^0[bx]/.test(text)) return BigInt(text);
  return BigInt(/^0./.test(text) ? `0o${text.slice(1)}` : text);
}

function float(written: string): number {
  const text = written.replace(/_/g, '').replace(/^\+/, '').toLowerCase();
  if (text.endsWith('.nan')) return Number.NaN;
  if (text.endsWith('.inf')) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const [sign, size] = text.startsWith('-') ? [-1, text.slice(1)] : [1, text];
  return sign * size.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
