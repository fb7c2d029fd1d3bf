/** The commands that show and change a treasury's rules: wiring only. */
import type { Command } from 'commander';

type Wrap = (c: Command) => Command;
type Collect = (value: string, before: string[] | undefined) => string[];
const show = () => import('./change-commands.ts');
const put = () => import('./propose-commands.ts');

export function ruleCommands(program: Command, onNetwork: Wrap, several: Collect): void {
  const signed = (c: Command): Command =>
    onNetwork(c).option('--key <file>', 'key file of a proposer or an approver (default: keys/client.json of the network)');

  const policy = program.command('policy').description('who may do what in the treasury, how much, and after which delay');
  onNetwork(policy.command('show', { isDefault: true }))
    .description('the policy in force')
    .action(async (options) => (await show()).policyCommand(options));
  signed(policy.command('propose'))
    .description('propose a whole new policy')
    .argument('<file>', 'JSON file, as under "policy" in what `bursar policy --json` prints')
    .action(async (file, options) => (await put()).proposePolicy(file, options));

  const limits = program.command('limits').description('how much the treasury may pay at once and over time');
  onNetwork(limits.command('show', { isDefault: true }))
    .description('the limits in force')
    .action(async (options) => (await show()).limitsCommand(options));
  signed(limits.command('propose'))
    .description('propose other limits; what is not given stays as it is')
    .option('--per-payment <amount>', 'largest payment, or none')
    .option('--window <limit>', 'treasury:1d:200000.00 or payee:30d:60000.00, may be given again; none: no limit over time', several)
    .action(async (options) => (await put()).proposeLimits(options, options));

  const payees = program.command('payees').description('whom the treasury pays');
  onNetwork(payees.command('list', { isDefault: true }))
    .description('all payees')
    .action(async (options) => (await import('./payee-commands.ts')).payeesCommand(options));
  signed(payees.command('set'))
    .description('propose a new payee, or other details of one')
    .argument('<name>', 'name of the payee')
    .requiredOption('--account <account>', 'account of the payee: bur1…')
    .option('--reference <text>', 'how the payee is known outside, such as an IBAN')
    .action(async (name, options) => (await put()).proposePayee(name, options, options));
  signed(payees.command('remove'))
    .description('propose to strike a payee off')
    .argument('<name>', 'name of the payee')
    .action(async (name, options) => (await put()).proposeNoPayee(name, options));

  const changes = program.command('changes').description('what is on the way to change the rules');
  onNetwork(changes.command('show', { isDefault: true }))
    .description('all changes on the way, or one')
    .argument('[id]', 'id of a change')
    .action(async (id, options) => (await show()).changesCommand(id, options));
  onNetwork(changes.command('approve'))
    .description('approve a change; it counts when its delay is over')
    .argument('<id>', 'id of the change')
    .option('--key <file>', 'key file of an approver, may be given again (default: keys/approver-1.json of the network)', several)
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await show()).approveChangeCommand(id, options));
  onNetwork(changes.command('cancel'))
    .description('stop a change before it counts')
    .argument('<id>', 'id of the change')
    .option('--key <file>', 'key file of its proposer, an approver or a guardian (default: keys/client.json of the network)')
    .action(async (id, options) => (await show()).cancelChangeCommand(id, options));
}
