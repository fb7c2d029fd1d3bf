/** protovalidate rules of the proto as BadRequest violations. */
import type { DescMessage, Message } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import type { Violation } from '@bufbuild/protovalidate';
import { coreError, rejection } from '../errors.ts';

export type Validate = (schema: DescMessage, message: Message) => void;

/** A function that throws MalformedMessage with every violated field, or Internal when a rule itself is broken. */
export async function loadValidate(): Promise<Validate> {
  // A fifth of a process's start-up time; programs without a server do without it.
  const { createValidator } = await import('@bufbuild/protovalidate');
  const validator = createValidator();
  return (schema, message) => {
    const result = validator.validate(schema, message as never);
    if (result.kind === 'valid') return;
    if (result.kind === 'error') throw coreError('Internal', 'internal error', { cause: result.error });
    const violations = result.violations.map((v: Violation) => ({ field: pathToString(v.field), description: v.message || v.ruleId }));
    const first = violations[0];
    throw rejection('MalformedMessage', `${schema.typeName}: ${first?.field}: ${first?.description}`, { violations });
  };
}
