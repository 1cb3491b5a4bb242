import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import { textsIn } from '../../util/yaml-document.ts';
import type { Rule } from '../rule.ts';

/** What stands for something that only the user knows, and was not filled in. The one finding that such a value has. */
export const placeholder: Rule = ({ config }) =>
  textsIn(config.values).flatMap(([path, text]) => {
    const found = placeholderIn(text);
    if (found === undefined) return [];
    // A short form has no keys of its own: `spill: URL` for `spill.location`, one subnet for a list of one.
    const written = [path, path.slice(0, -1)].find((candidate) => config.locate(candidate) !== undefined);
    const span = written && config.locate(written);
    if (span === undefined) return [];
    return diagnostic('config/placeholder', {
      message: `'${written?.join('.')}' is still '${text}'`,
      why: 'it stands for a name of yours, and there is no such thing in AWS',
      help: `put your own in the place of ${found}`,
      span,
    });
  });
