/** The commands that stop things and let them go, and those of the executors: wiring only. */
import { type Command, InvalidArgumentError } from 'commander';

type Wrap = (c: Command) => Command;
type Collect = (value: string, before: string[] | undefined) => string[];
const guard = () => import('./guard-commands.ts');
const executors = () => import('./executor-commands.ts');
const count = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('a number from 1');
  return Number(text);
};

export function guardCommands(program: Command, onNetwork: Wrap, several: Collect): void {
  onNetwork(program.command('hold'))
    .description('keep one payment back until approvers let it go')
    .argument('<id>', 'id of the payment, or its client key')
    .option('--key <file>', 'key file of its proposer, an approver or a guardian (default: keys/client.json of the network)')
    .action(async (id, options) => (await guard()).holdCommand(id, options));
  onNetwork(program.command('release'))
    .description('let a held payment go; as many approvers as a payment of its amount needs')
    .argument('<id>', 'id of the payment, or its client key')
    .option('--key <file>', 'key file of an approver, may be given again (default: keys/approver-1.json of the network)', several)
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await guard()).releaseCommand(id, options));
  onNetwork(program.command('pause'))
    .description('stop all payments and changes of the treasury at once; any one guardian may')
    .option('--key <file>', 'key file of a guardian (default: keys/guardian-1.json of the network)')
    .action(async (options) => (await guard()).pauseCommand(options));
  onNetwork(program.command('resume'))
    .description('go on after a pause; guardians together')
    .option('--key <file>', 'key file of a guardian, may be given again (default: keys/guardian-1.json of the network)', several)
    .action(async (options) => (await guard()).resumeCommand(options));

  const executor = program.command('executor').description('the executors: what they do, and stopping one');
  const one = (c: Command): Command => onNetwork(c).option('--number <n>', 'which one, from 1', count, 1);
  one(executor.command('status', { isDefault: true }))
    .description('lease, batches in flight, breaker, last error')
    .action(async (options) => (await executors()).executorStatus(options));
  one(executor.command('stop'))
    .description('let it plan nothing new; what is in flight is resolved')
    .argument('<reason>', 'goes into its log')
    .action(async (reason, options) => (await executors()).setPlanning(false, reason, options));
  one(executor.command('start'))
    .description('let it plan again')
    .argument('<reason>', 'goes into its log')
    .action(async (reason, options) => (await executors()).setPlanning(true, reason, options));
  one(executor.command('redrive'))
    .description('try at once what it had put off; the ledger pays nothing twice')
    .action(async (options) => (await executors()).redrive(options));
}
