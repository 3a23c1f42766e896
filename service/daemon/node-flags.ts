/**
 * How Node is to be started for a daemon: `node FLAGS bin/ripple daemon`. They cannot be set from inside.
 *
 * Young objects get 1 MB instead of 16 MB before the short collections begin, so the buffers that a download leaves
 * behind are freed while it runs; a daemon waits for networks and disks, and does not notice.
 */
export const DAEMON_NODE_FLAGS: readonly string[] = ['--max-semi-space-size=1'];
