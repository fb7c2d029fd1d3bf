/** The command line `bursar`: wiring only. Each command is loaded when it is called. */
import { join } from 'node:path';
import { errorFrom } from '@bursar/shared-core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { guardCommands } from './commands/guard-wiring.ts';
import { ruleCommands } from './commands/rule-wiring.ts';
import { surroundings } from './config.ts';
import { errorJson, exitCodeOf, explain, usage } from './errors.ts';

const { root } = surroundings();
const devnetDir = join(root, '.bursar', 'devnet');
const demoDir = join(root, '.bursar', 'demo');

const seconds = (text: string): number => {
  const n = Number(text);
  if (!Number.isFinite(n) || n <= 0 || n > 3_600) throw new InvalidArgumentError('seconds from 1 to 3600');
  return n;
};
const shards = (text: string): number => {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 64) throw new InvalidArgumentError('a number from 1 to 64');
  return Number(text);
};
const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const program = new Command('bursar')
  .description(
    'A Byzantine-fault-tolerant treasury ledger: approved payments are made exactly once, and anyone can check the proof offline.',
  )
  .showHelpAfterError('(--help shows what is possible)')
  .exitOverride();

const onNetwork = (c: Command): Command =>
  c.option('--dir <folder>', 'folder of the network', devnetDir).option('--json', 'print one JSON value instead of sentences');

program
  .command('demo')
  .description('a whole run: start a network, pay examples/payroll.csv while one validator is killed, prove a payment, stop everything')
  .option('--report <file>', 'also write the summary as JSON')
  .option('--keep', 'leave the network up and print its addresses, until Ctrl-C')
  .option('--dir <folder>', 'folder of the network; what is in it is thrown away', demoDir)
  .action(async (options) => (await import('./demo/run-demo.ts')).runDemo({ ...options, file: join(root, 'examples', 'payroll.csv') }));

const devnet = program.command('devnet').description('a local network: one NATS server, four validators, one executor');
onNetwork(devnet.command('up'))
  .description('start what does not run, and wait until all of it is ready')
  .option('--fresh', 'throw the ledger of the folder away and begin a new one')
  .option('--shards <n>', 'of a new ledger: so many executors pay side by side, each its share', shards, 1)
  .option('--foreground', 'stay, and stop everything at Ctrl-C')
  .option('--timeout <seconds>', 'longest wait', seconds, 60)
  .action(async (options) => (await import('./commands/devnet-commands.ts')).upCommand(options));
onNetwork(devnet.command('down'))
  .description('stop everything; the ledger stays')
  .action(async (options) => (await import('./commands/devnet-commands.ts')).downCommand(options));
onNetwork(devnet.command('status'))
  .description('which processes run and which are ready')
  .action(async (options) => (await import('./commands/devnet-commands.ts')).statusOfDevnet(options));

onNetwork(program.command('fund'))
  .description('move money from the account of a key to the account that the treasury pays from')
  .argument('<amount>', 'decimal amount in the currency of the genesis, for instance 1250.50')
  .option('--key <file>', 'key file of the paying account (default: keys/client.json of the network)')
  .action(async (amount, options) => (await import('./commands/payment-commands.ts')).fundCommand(amount, options));
onNetwork(program.command('import'))
  .description('import payments from a CSV or ISO 20022 pain.001 file; one bad field refuses the whole file')
  .argument('<file>', 'CSV (examples/README.md) or pain.001.001.03/.09 (docs/iso20022.md), told apart by what is in it')
  .option('--key <file>', 'key file of a proposer (default: keys/client.json of the network)')
  .option('--dry-run', 'sign and send nothing: show what every line would do')
  .action(async (file, options) =>
    options.dryRun
      ? (await import('./commands/dry-run-command.ts')).dryRunCommand(file, options)
      : (await import('./commands/payment-commands.ts')).importCommand(file, options),
  );
onNetwork(program.command('approve'))
  .description('approve every payment of an import')
  .argument('<import>', 'import digest')
  .option('--key <file>', 'key file of an approver, may be given again (default: keys/approver-1.json of the network)', several)
  .option('--yes', 'do not ask')
  .action(async (digest, options) => (await import('./commands/payment-commands.ts')).approveCommand(digest, options));
onNetwork(program.command('cancel'))
  .description('cancel one payment for good; what depends on it is held back')
  .argument('<id>', 'id of the payment, or its client key')
  .option('--key <file>', 'key file of the proposer or of an approver (default: keys/client.json of the network)')
  .action(async (id, options) => (await import('./commands/payment-commands.ts')).cancelCommand(id, options));
guardCommands(program, onNetwork, several);
ruleCommands(program, onNetwork, several);
onNetwork(program.command('status'))
  .description('the treasury, or one import and what is held back')
  .argument('[import]', 'import digest')
  .option('--list', 'every payment of the import, and the digest made anew from them')
  .addOption(
    new Option('--format <format>', 'pain.002: the ISO 20022 answer to a pain.001 file, imported or refused').choices(['pain.002']),
  )
  .option('--of <file>', 'for pain.002: the pain.001 file; without an import digest that of the file is taken')
  .option('--out <file>', 'for pain.002: where to write it (default: standard output)')
  .action(async (digest, options) => (await import('./commands/payment-commands.ts')).statusCommand(digest, options));
onNetwork(program.command('statement'))
  .description('what moved an account in a period, between two balances that add up')
  .argument('[account]', 'account (bur1…); default: the one that the treasury pays from')
  .option('--treasury <name>', 'the account of this treasury')
  .option('--from <when>', 'first day (2026-11-01, UTC) or instant (2026-11-01T00:00:00+01:00); default: the genesis')
  .option('--to <when>', 'last day, or the instant that it ends before; default: now')
  .addOption(
    new Option('--format <format>', 'for people, for spreadsheets, or ISO 20022').choices(['table', 'csv', 'camt.053']).default('table'),
  )
  .option('--out <file>', 'for csv and camt.053: where to write it (default: standard output)')
  .action(async (account, options) => (await import('./commands/statement-command.ts')).statementCommand(account, options));
onNetwork(program.command('proof'))
  .description('the proof of one payment')
  .argument('<id>', 'id of the payment, or its client key')
  .option('--out <file>', 'where to write it (default: standard output)')
  .action(async (id, options) => (await import('./commands/proof-commands.ts')).proofCommand(id, options));
program
  .command('audit')
  .description('recompute a whole history from the block logs of its validators, and compare all of them')
  .option('--dir <folder>', 'folder of a local network, running or stopped', devnetDir)
  .option('--genesis <file>', 'instead: genesis file that you trust, with --blocks')
  .option('--blocks <folder>', 'data folder of a storage; may be given again', several)
  .option('--accepted <file>', 'ids of transactions that were accepted, one a line: each must stand in a block')
  .option('--at-rest', 'nothing is under way: whatever may be paid must be paid')
  .option('--json', 'print one JSON value instead of sentences')
  .action(async (options) => (await import('./commands/audit-command.ts')).auditCommand(options));
program
  .command('verify')
  .description('check a proof offline against a genesis that came another way')
  .argument('<proof>', 'proof file')
  .requiredOption('--genesis <file>', 'genesis file that you trust')
  .option('--json', 'print one JSON value instead of sentences')
  .action(async (file, options) => (await import('./commands/proof-commands.ts')).verifyCommand(file, options));

try {
  if (process.argv.length <= 2) throw usage('no command was given', 'bursar --help lists the commands.');
  await program.parseAsync();
} catch (e) {
  if (e instanceof CommanderError)
    process.exitCode = e.exitCode === 0 ? 0 : 64; // it has said what is wrong
  else {
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(e), null, 2)}\n`);
    process.stderr.write(`${explain(e)}\n`);
    process.exitCode = exitCodeOf(errorFrom(e));
  }
}
