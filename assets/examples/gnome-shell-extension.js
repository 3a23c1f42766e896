// A GNOME Shell extension (45 or newer): an icon in the top bar while a new version is there or ready. It follows the daemon's
// D-Bus properties and decides nothing itself. Saved as extension.js, beside the metadata.json that docs/shell-example.md shows.
import Gio from 'gi://Gio';
import St from 'gi://St';
import { Extension } from 'resource:///org/gnome/shell/extensions/extension.js';
import * as Main from 'resource:///org/gnome/shell/ui/main.js';
import * as PanelMenu from 'resource:///org/gnome/shell/ui/panelMenu.js';

const UpdaterProxy = Gio.DBusProxy.makeProxyWrapper(`<node>
  <interface name="org.laptop.Ripple1.Updater">
    <property name="State" type="s" access="read"/>
  </interface>
</node>`);
const SHOWN = ['available', 'ready'];

export default class RippleExtension extends Extension {
  enable() {
    this._indicator = new PanelMenu.Button(0, 'Ripple', true);
    this._indicator.add_child(new St.Icon({ icon_name: 'ripple', style_class: 'system-status-icon' }));
    this._indicator.connect('button-press-event', () => this._open());
    Main.panel.addToStatusArea(this.uuid, this._indicator);
    this._indicator.visible = false;
    this._proxy = new UpdaterProxy(Gio.DBus.system, 'org.laptop.Ripple1', '/org/laptop/Ripple1', (proxy, error) => {
      // Disabled before the answer came.
      if (error || !this._indicator) return;
      this._changed = proxy.connect('g-properties-changed', () => this._show());
      this._owner = proxy.connect('notify::g-name-owner', () => this._show());
      this._show();
    });
  }

  disable() {
    for (const id of [this._changed, this._owner]) if (id) this._proxy?.disconnect(id);
    this._changed = this._owner = this._proxy = null;
    this._indicator?.destroy();
    this._indicator = null;
  }

  _show() {
    this._indicator.visible = this._proxy.g_name_owner !== null && SHOWN.includes(this._proxy.State);
  }

  // A second start of the activity raises the window that is there.
  _open() {
    Gio.DesktopAppInfo.new('ripple.desktop')?.launch([], null);
  }
}
