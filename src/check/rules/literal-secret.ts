import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Names that hold secrets as a rule, and forms that only secrets have (an AWS access key id, a private key). */
const SECRET_NAME = /(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)(_|$)/i;
const SECRET_VALUE = /\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Whoever may describe a task can read its environment, and so can whoever reads the repository. */
export const literalSecret: Rule = ({ config }) =>
  Object.entries(config.values.execution_engine.env).flatMap(([name, value]) => {
    if (value === '' || !(SECRET_NAME.test(name) || SECRET_VALUE.test(value))) return [];
    return diagnostic('config/literal-secret', {
      message: `'${name}' looks like a secret, and its value stands in the settings`,
      why: 'it is in your repository, and everybody who may describe a task in the account can read it',
      help: `keep it in Secrets Manager or SSM, and name it:\n  execution_engine:\n    secrets: {${name}: arn:aws:secretsmanager:…}`,
      span: config.locate(['execution_engine', 'env', name], 'key'),
    });
  });
