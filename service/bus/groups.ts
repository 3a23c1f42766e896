/** The gid of a group in the text of `/etc/group` (group(5)); `undefined` when it is not there. */
export function groupId(name: string, groupFile: string): number | undefined {
  for (const line of groupFile.split('\n')) {
    const [group, , gid] = line.split(':');
    if (group === name && gid !== undefined && /^[0-9]{1,10}$/.test(gid)) return Number(gid);
  }
  return undefined;
}
