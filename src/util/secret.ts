/** Words in the names of what is secret as a rule. */
const SECRET_WORDS =
  '(?:password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|account_?key|shared_?key|connection_?string)';
/** `TOKEN_URL` and `secret_name` say where a secret is or what it is called. */
const NO_SECRET = /[_-](id|name|arn|url|uri|file|path|type|column|field|length|count|size|ttl)$/i;
const SECRET_NAME = new RegExp(`(^|[_-])${SECRET_WORDS}([_-]|$)`, 'i');

/** Forms that only secrets have: an AWS access key id, a private key, a password in a URL or in a connection string. */
const SECRET_VALUE =
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<=:\/\/[^\s/:@]*:)[^\s/:@]+(?=@)|(?<=\b(?:AccountKey|Password|Pwd)=)[^;\s"']+/;

/** A name of a secret (an ARN), a variable, a placeholder: not the secret itself. */
const STANDS_FOR_ONE = /^$|\$\{|^arn:|^\{[^{}]*\}$|^[*x.]+$|^<.*>$|^YOUR-/i;

/** Whether the value under this name looks like a secret that somebody wrote down. */
export function looksSecret(name: string, value: string): boolean {
  if (STANDS_FOR_ONE.test(value)) return false;
  return hasSecretName(name) || SECRET_VALUE.test(value);
}

/** Whether a text is worth reading for secrets at all. */
export function mayHoldSecrets(text: string): boolean {
  return new RegExp(SECRET_WORDS, 'i').test(text) || SECRET_VALUE.test(text);
}

export function hasSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NO_SECRET.test(name);
}

const PAIR = new RegExp(
  `([\\w-]{0,60}${SECRET_WORDS}[\\w-]{0,60}["']?\\s*[:=]\\s*)("[^"]*"?|'[^']*'?|[^\\s,}\\]]+)`,
  'gi',
);

/** A line of a file as it may be shown: what looks like a secret is covered, and every column stays where it is. */
export function coverSecrets(line: string): string {
  const cover = (text: string) => [...text].map((sign) => (/\s/.test(sign) ? sign : '*')).join('');
  return line
    .replaceAll(new RegExp(SECRET_VALUE, 'g'), cover)
    .replaceAll(PAIR, (whole, before: string, value: string) => {
      const name = before.replace(/["']?\s*[:=]\s*$/, '');
      const quoted = /^["']/.test(value);
      const bare = quoted ? value.replace(/^["']|["']$/g, '') : value;
      if (!looksSecret(name, bare)) return whole;
      return before + (quoted ? value.replace(/[^"']/gu, '*') : cover(value));
    });
}
