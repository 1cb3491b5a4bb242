import { CommanderError, Option, Command as Parser } from 'commander';
import { diskTrouble } from '../store/disk-trouble.ts';
import { type Command, EXIT, type GlobalOptions, OutOfReach, UsageError, VERSION } from './command.ts';
import { COMMANDS } from './commands.ts';
import type { Host } from './host.ts';
import { reportTrouble } from './report-trouble.ts';

/** Runs one command line and returns its exit status. */
export async function main(words: readonly string[], host: Host): Promise<number> {
  let status: number = EXIT.fine;
  const parser = buildParser(host, (result) => {
    status = result;
  });
  try {
    await parser.parseAsync(withLongForms(words), { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    if (error instanceof OutOfReach) return reportTrouble(error.trouble, host);
    if (error instanceof UsageError) {
      host.err(`wherry: ${error.message}\n`);
      return EXIT.usage;
    }
    const trouble = diskTrouble(error);
    if (trouble !== undefined) return reportTrouble(trouble, host);
    host.err(
      `This is a bug in Wherry, and not your fault. Please report it with the command and this text:\n${(error as Error).stack}\n`,
    );
    return EXIT.bug;
  }
}

function buildParser(host: Host, done: (status: number) => void): Parser {
  const parser = new Parser('wherry')
    .description('Runs Kedro pipelines as containers on AWS ECS Fargate, with no cluster to keep.')
    .usage('<command> [options]')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => host.out(text),
      writeErr: (text) => host.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'wherry: ')),
    })
    .exitOverride()
    .showSuggestionAfterError()
    .option('-C, --project <folder>', "the project's folder (default: this one)")
    .option('-e, --env <env>', 'the Kedro environment')
    .option('-p, --pipeline <name>', 'the pipeline (default: __default__)')
    .option('--config-file <file>', "settings to read instead of the project's wherry.yml")
    .option('--conf-source <folder>', "the project's conf folder")
    .option('--python <path>', 'the Python that has the project and its Kedro')
    .option('--region <region>', 'AWS region')
    .option('--profile <name>', 'AWS profile')
    .option('--endpoint-url <url>', 'where AWS is, if not at AWS')
    .option('--format <format>', "form of the result: text or json, and each command's own")
    .option('-v, --verbose', 'tell on stderr what is read, which Python is asked and every call to AWS')
    .option('--no-color', 'no colours')
    .version(VERSION, '--version');
  for (const command of COMMANDS) addCommand(parser, command, host, done);
  parser.addHelpText('after', '\nExample:\n  wherry run -C my-project -e fargate --engine aws-fargate --emulate');
  parser.action((_, self: Parser) => {
    const [word] = self.args;
    if (word === undefined) self.help();
    throw new UsageError(`there is no command '${word}'. Commands: ${COMMANDS.map(({ name }) => name).join(', ')}`);
  });
  parser.allowExcessArguments();
  return parser;
}

function addCommand(parser: Parser, command: Command, host: Host, done: (status: number) => void): void {
  const sub = parser.command(command.name).description(command.summary);
  for (const arg of command.args ?? []) sub.argument(arg);
  for (const { flags, about, choices, many } of command.options ?? []) {
    const option = new Option(flags, about);
    if (choices !== undefined) option.choices([...choices]);
    if (many) option.argParser((value: string, list: string[] | undefined) => [...(list ?? []), value]);
    sub.addOption(option);
  }
  const formats = command.formats === undefined ? '' : `\nFormats (--format): ${command.formats.join(', ')}`;
  sub.addHelpText(
    'after',
    `${formats}\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}\n\nGlobal options: wherry --help`,
  );
  sub.action(async () => {
    const options = sub.optsWithGlobals<GlobalOptions>();
    const { format } = options;
    if (format !== undefined && !(command.formats ?? []).includes(format)) {
      throw new UsageError(
        `'${command.name}' has no format '${format}'. Formats: ${(command.formats ?? ['none']).join(', ')}`,
      );
    }
    const handler = await command.load();
    done(await handler({ args: sub.args, options: options as never, host: await hostFor(options, host) }));
  });
}

/** Kedro's short forms of two letters, which command lines otherwise take for two flags. */
function withLongForms(words: readonly string[]): string[] {
  return words.map((word) => (word === '-ns' ? '--namespaces' : word === '-lv' ? '--load-versions' : word));
}

async function hostFor(options: GlobalOptions, host: Host): Promise<Host> {
  if (!options.verbose) return host;
  const { teller } = await import('./teller.ts');
  return { ...host, tell: teller(options, host) };
}
