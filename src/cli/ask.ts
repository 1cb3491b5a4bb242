import type { Host } from './host.ts';

export interface Question {
  readonly message: string;
  /** What no answer means, shown as such. */
  readonly default?: string | undefined;
  /** What is wrong with an answer. */
  readonly complain?: ((answer: string) => string | undefined) | undefined;
}

/** Asks on the terminal until the answer will do; undefined when the user leaves instead (Ctrl-C, Ctrl-D). */
export async function ask(
  { message, default: usual, complain = () => undefined }: Question,
  { terminal, interrupted }: Pick<Host, 'terminal' | 'interrupted'>,
): Promise<string | undefined> {
  const { default: input } = await import('@inquirer/input');
  const question = {
    message,
    ...(usual === undefined ? {} : { default: usual }),
    validate: (answer: string) => complain(answer.trim()) ?? true,
  };
  try {
    return (await input(question, { ...terminal, signal: interrupted })).trim();
  } catch (error) {
    if (['ExitPromptError', 'AbortPromptError'].includes((error as Error).name)) return undefined;
    throw error;
  }
}

/** Undefined when the user leaves instead. */
export async function askYesOrNo(
  { message, default: usual }: { readonly message: string; readonly default: 'yes' | 'no' },
  host: Pick<Host, 'terminal' | 'interrupted'>,
): Promise<boolean | undefined> {
  const complain = (answer: string) => (/^(y|yes|n|no)$/i.test(answer) ? undefined : 'yes or no');
  const answer = await ask({ message, default: usual, complain }, host);
  return answer === undefined ? undefined : /^y/i.test(answer);
}
