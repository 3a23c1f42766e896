/** Every command, in the order of the help. */
import { repairCommand, verifyCommand } from './care.ts';
import type { Command } from './command.ts';
import { daemonCommand, serveCommand } from './daemon.ts';
import { demoCommand } from './demo.ts';
import { keygenCommand } from './keygen.ts';
import { keyringCommand } from './keyring.ts';
import { publishCommand } from './publish.ts';
import { peersCommand, statusCommand } from './status.ts';
import {
  acceptCommand,
  cancelCommand,
  checkCommand,
  getCommand,
  laterCommand,
  restartCommand,
  rollbackCommand,
} from './update.ts';

export const COMMANDS: readonly Command[] = [
  statusCommand,
  checkCommand,
  getCommand,
  acceptCommand,
  laterCommand,
  rollbackCommand,
  restartCommand,
  cancelCommand,
  peersCommand,
  verifyCommand,
  repairCommand,
  publishCommand,
  serveCommand,
  daemonCommand,
  demoCommand,
  keygenCommand,
  keyringCommand,
];
