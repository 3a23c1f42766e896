/** Battery and mains, from the kernel's power_supply class (Documentation/ABI/testing/sysfs-class-power). */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import type { PowerNow } from '../core/fetch-policy.ts';

export function readPower(folder: string): PowerNow {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // No such class: a desktop, a container. Treated as mains.
  }
  const read = (name: string, file: string): string => {
    try {
      return readFileSync(join(folder, name, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  const charges: number[] = [];
  let charging = false;
  let mains = false;
  for (const name of names) {
    if (read(name, 'type') === 'Battery') {
      const charge = Number.parseInt(read(name, 'capacity'), 10);
      if (charge >= 0 && charge <= 100) charges.push(charge);
      if (['Charging', 'Full', 'Not charging'].includes(read(name, 'status'))) charging = true;
    } else if (read(name, 'online') === '1') {
      mains = true;
    }
  }
  return {
    chargePercent: charges.length > 0 ? Math.max(...charges) : undefined,
    onMains: mains || charging || charges.length === 0,
  };
}

/** On mains power, and with little else to do: time for work that nobody waits for. */
export function isIdle(powerSupplies: string, mostLoadPercent: number): boolean {
  const [lastMinute = 0] = loadavg();
  const loadPercent = (lastMinute * 100) / availableParallelism();
  return readPower(powerSupplies).onMains && loadPercent < mostLoadPercent;
}
