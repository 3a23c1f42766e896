/**
 * A message bus of one's own with the rules of a system bus: for the demo, which must not need root, and for tests.
 * Format: dbus-daemon(1), "Configuration file".
 */

export interface PrivateBusOptions {
  /** Where it listens; the folder must exist. */
  readonly socketPath: string;
  /** Who may own names there (the system's own policy says root). */
  readonly ownerUid: number;
  /** Policy files that are included after that, e.g. `assets/dbus/org.laptop.Ripple1.conf`. */
  readonly policyFiles?: readonly string[];
  /** Folders of `.service` files; nothing is started on demand without. */
  readonly serviceFolders?: readonly string[];
}

/** The configuration file's text, for `dbus-daemon --config-file=… --nofork`. */
export function privateBusConfig(options: PrivateBusOptions): string {
  const { socketPath, ownerUid, policyFiles = [], serviceFolders = [] } = options;
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=${xmlText(encodeURIComponent(socketPath).replaceAll('%2F', '/'))}</listen>
${serviceFolders.map((folder) => `  <servicedir>${xmlText(folder)}</servicedir>\n`).join('')}\
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="UpdateActivationEnvironment"/>
  </policy>
${policyFiles.map((file) => `  <include>${xmlText(file)}</include>\n`).join('')}\
  <policy user="${ownerUid}">
    <allow own="*"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
</busconfig>
`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
